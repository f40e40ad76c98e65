/** How a loaded plugin tells the command line about itself. */

/** The environment variable with the path of the file that the plugin writes its announcement to. */
export const ANNOUNCE_VARIABLE = "OPENCODE_ORCHESTRATOR_ANNOUNCE";

/** What a plugin says of itself. */
export interface Announcement {
  /** The file of the plugin that was loaded. */
  readonly file: string;
  /** The project that it was loaded for. */
  readonly directory: string;
  /** What runs it, with its version. */
  readonly runtime: string;
  /** What it gives to OpenCode, by name. */
  readonly agents: readonly string[];
  readonly commands: readonly string[];
  readonly tools: readonly string[];
  /** The native engine, as loaded there. */
  readonly addon: { readonly path: string; readonly version: string } | { readonly error: string };
}
