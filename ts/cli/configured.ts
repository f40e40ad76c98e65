/** Whether the user's OpenCode loads our plugin, and how it is given to one run of it. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as z from "zod";
import { SETTINGS_VARIABLE } from "../mission/settings.ts";
import { thisSystem } from "./install/config-files.ts";
import { ownSpec } from "./install/entry.ts";

/** The plugin of this package, as OpenCode loads it. */
const PLUGIN = fileURLToPath(new URL("./server.js", import.meta.url));
const CONFIG_VARIABLE = "OPENCODE_CONFIG_CONTENT";
const LONGEST_MS = 60_000;
const MOST_BYTES = 16 * 1024 * 1024;

const Config = z.object({
  plugin: z.array(z.union([z.string(), z.tuple([z.string()]).rest(z.unknown())])).catch([]),
});

/**
 * The environment in which OpenCode has our plugin, with `settings` over all others: as the user configured it, else
 * named for this run alone. No file is written.
 */
export async function environmentFor(
  program: string,
  project: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<NodeJS.ProcessEnv> {
  const env = { ...process.env, PWD: project, [SETTINGS_VARIABLE]: JSON.stringify(settings) };
  if (await loadsPlugin(program, project, env)) return env;
  return { ...env, [CONFIG_VARIABLE]: withPlugin(process.env[CONFIG_VARIABLE]) };
}

/** Asks OpenCode itself: its configuration is joined from many places. */
async function loadsPlugin(program: string, cwd: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const options = { cwd, env, timeout: LONGEST_MS, maxBuffer: MOST_BYTES, windowsHide: true };
  const { stdout } = await promisify(execFile)(program, ["debug", "config"], options);
  const { plugin } = Config.parse(JSON.parse(stdout.slice(stdout.indexOf("{"))));
  return plugin.some((entry) => {
    const spec = typeof entry === "string" ? entry : entry[0];
    return ownSpec(spec, cwd, thisSystem()) !== undefined;
  });
}

/** OpenCode joins this with the user's own configuration; what the variable says already stays. */
function withPlugin(content: string | undefined): string {
  const given: unknown = content === undefined || content === "" ? {} : JSON.parse(content);
  const record = z.record(z.string(), z.unknown()).parse(given);
  const { plugin } = Config.parse(record);
  return JSON.stringify({ ...record, plugin: [...plugin, PLUGIN] });
}
