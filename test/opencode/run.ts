import { OPENCODE } from "./home.ts";
import { type ProcessGroup, startGroup } from "./process-group.ts";

export interface RunOptions {
  /** Name of a command (without the slash) that gets the prompt as its arguments. */
  command?: string;
  agent?: string;
  /** `provider/model`. */
  model?: string;
  /** Session to go on with; `true` for the last one. */
  session?: string | true;
  /** More arguments for `opencode run`. */
  args?: readonly string[];
  /** Folder to run in. @default the project */
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  /** Milliseconds after which all of it is killed. @default 120000 */
  timeout?: number;
}

/** Where and with what environment to run. */
export interface Place {
  cwd: string;
  env: Readonly<Record<string, string>>;
}

/** Starts one prompt (or command) in real OpenCode: it ends when its session is idle. */
export function startRun(place: Place, prompt: string, options: RunOptions = {}): Promise<ProcessGroup> {
  const args = ["run"];
  if (options.command !== undefined) args.push("--command", options.command);
  if (options.agent !== undefined) args.push("--agent", options.agent);
  if (options.model !== undefined) args.push("--model", options.model);
  if (options.session === true) args.push("--continue");
  else if (options.session !== undefined) args.push("--session", options.session);
  args.push(...(options.args ?? []), "--", prompt);
  return startGroup(OPENCODE, args, {
    cwd: options.cwd ?? place.cwd,
    env: { ...place.env, ...options.env },
    timeout: options.timeout ?? 120_000,
  });
}
