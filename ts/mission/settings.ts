/**
 * What a user can set, and where it is read from.
 *
 * Three sources, the later over the earlier: the user's global file, the options given to the plugin in OpenCode's
 * configuration, the project's `.orchestrator/settings.jsonc`. A setting nobody knows is an error that names the
 * nearest known one: a typo must not pass for a setting.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type ParseError, parse as parseJsonc, printParseErrorCode } from "jsonc-parser";
import * as z from "zod";
import { MissionError } from "./error.ts";
import { nearest } from "./nearest.ts";

/** An environment variable with settings as JSON, over all others: the command line's, for one run. */
export const SETTINGS_VARIABLE = "OPENCODE_ORCHESTRATOR_SETTINGS";

const lanes = (most: number) => z.int().min(1).max(64).default(most);
const milliseconds = (usual: number) => z.int().min(1000).default(usual);
/** Whether the host's search tools are ours where nobody has said anything. */
const NATIVE_SEARCH = true;

function makeSchema() {
  const count = z.int().min(1).optional();
  const amount = z.number().positive().optional();
  const LanguageServer = z.strictObject({
    command: z.tuple([z.string().min(1)], z.string()).describe("The program and its arguments."),
    extensions: z
      .array(z.string().regex(/^\.[^./\\\s]+$/, "give a file name's ending with its dot, like .ts"))
      .min(1)
      .describe("Endings of the files that it answers for."),
    initializationOptions: z.unknown().optional().describe("Handed to the server as it is."),
  });
  const ModelName = z.string().regex(/^[^/\s]+\/\S+$/, "give a model as provider/model");

  return z.strictObject({
    $schema: z.string().optional().describe("Where an editor finds the schema of this file."),
    lanes: z
      .strictObject({ planner: lanes(2), worker: lanes(8), reviewer: lanes(4) })
      .prefault({})
      .describe("Most sessions at once, for each kind of agent."),
    attempts: z.int().min(1).max(20).default(3).describe("Tries a task gets, repairs included."),
    stallTimeoutMs: milliseconds(120_000).describe(
      "Milliseconds without a sign of life before a session is given up.",
    ),
    taskTimeoutMs: milliseconds(1_800_000).describe("Milliseconds that one attempt at a task may take."),
    verifyTimeoutMs: milliseconds(600_000).describe("Milliseconds that one verify command may run."),
    models: z
      .record(z.string(), z.array(ModelName).max(16))
      .default({})
      .describe(
        "For each agent its models, provider/model: the first is used, the rest stand in while it does not answer.",
      ),
    budget: z
      .strictObject({
        tokens: count.describe("Tokens of all kinds, read and written."),
        usd: amount.describe("US dollars, as OpenCode counts them."),
        minutes: amount.describe("Minutes in which the mission runs; pauses don't count."),
        calls: count.describe("Requests to a model."),
        children: count.describe("Sessions opened for tasks, errands and reviews."),
      })
      .default({})
      .describe("The most a mission may use, with all its sessions: at a limit it pauses and says so."),
    nativeSearch: z
      .boolean()
      .default(NATIVE_SEARCH)
      .describe("Whether OpenCode's tools grep and glob are carried out by the native engine."),
    resume: z
      .enum(["ask", "auto"])
      .default("ask")
      .describe(
        "What happens with an unfinished mission at the next start: one note about /resume, or it goes on.",
      ),
    unattended: z
      .enum(["reject", "allow"])
      .default("reject")
      .describe(
        "What a permission question of a mission's session is answered with where nobody is there, as in `opencode run`.",
      ),
    isolation: z
      .enum(["shared", "worktree"])
      .default("shared")
      .describe(
        "Where tasks are worked on: all in the project's folder, or each in a git worktree of its own, merged when it is accepted.",
      ),
    speculation: z
      .boolean()
      .default(false)
      .describe(
        'Whether a task that takes over twice as long as its accepted peers gets a second attempt beside its first; the first that is verified wins. Needs isolation "worktree".',
      ),
    scope: z
      .enum(["enforce", "warn"])
      .default("enforce")
      .describe("Whether an edit outside of a task's files is refused, or only told of."),
    languageServers: z
      .record(z.string().min(1), z.union([z.literal(false), LanguageServer]))
      .default({})
      .describe(
        "Language servers by name, besides the known ones or in their place; false switches one off.",
      ),
    review: z
      .enum(["plan", "always", "never"])
      .default("plan")
      .describe(
        "Who is reviewed: what the plan asks for and the whole at the end, every task too, or nothing.",
      ),
  });
}

export type Settings = z.infer<ReturnType<typeof makeSchema>>;

let schema: ReturnType<typeof makeSchema> | undefined;

/** The settings, with their defaults. Made when it is first asked for: that takes longer than the rest of a start. */
export function settingsSchema(): ReturnType<typeof makeSchema> {
  schema ??= makeSchema();
  return schema;
}

/** The keys of the settings that are, or hold, objects with fixed keys. */
const NESTED: Readonly<Record<string, readonly string[]>> = {
  lanes: ["planner", "worker", "reviewer"],
  budget: ["tokens", "usd", "minutes", "calls", "children"],
  languageServers: ["command", "extensions", "initializationOptions"],
};

/** Where settings are read from, besides the plugin's options. Paths are absolute. */
export interface SettingsFiles {
  readonly global: string;
  readonly project: string;
}

/** The settings files of a project. The user's own file follows the platform's custom. */
export function settingsFiles(directory: string, env: NodeJS.ProcessEnv = process.env): SettingsFiles {
  // A variable that is set to nothing counts as not set (XDG Base Directory Specification).
  const config =
    env["XDG_CONFIG_HOME"] ||
    (process.platform === "win32" ? env["APPDATA"] : undefined) ||
    join(env["HOME"] || homedir(), ".config");
  return {
    global: join(config, "opencode-orchestrator", "settings.jsonc"),
    project: join(directory, ".orchestrator", "settings.jsonc"),
  };
}

/**
 * Reads and joins the settings.
 * @throws MissionError `ERR_SETTINGS` with every problem, each with its source and path. Nothing is ever written.
 */
export async function loadSettings(files: SettingsFiles, options: unknown): Promise<Settings> {
  return joined(await sourcesOf(files, options));
}

/**
 * The setting `nativeSearch`, which is asked for at each start: where nothing is set, nothing is parsed.
 * @throws MissionError `ERR_SETTINGS`, as {@link loadSettings}
 */
export async function nativeSearch(files: SettingsFiles, options: unknown): Promise<boolean> {
  const sources = await sourcesOf(files, options);
  const nothing = sources.every(({ value }) => value === undefined || isEmpty(value));
  return nothing ? NATIVE_SEARCH : joined(sources).nativeSearch;
}

/** Where settings come from, the later over the earlier. */
interface Source {
  readonly name: string;
  /** `undefined` where there is nothing. */
  readonly value: unknown;
}

async function sourcesOf(files: SettingsFiles, options: unknown): Promise<readonly Source[]> {
  return [
    { name: files.global, value: await readJsonc(files.global) },
    { name: "the plugin's options", value: options },
    { name: files.project, value: await readJsonc(files.project) },
    { name: SETTINGS_VARIABLE, value: fromVariable(process.env[SETTINGS_VARIABLE]) },
  ];
}

function joined(sources: readonly Source[]): Settings {
  const problems = sources.flatMap(({ name, value }) =>
    problemsOf(value).map((problem) => `${name}: ${problem}`),
  );
  if (problems.length > 0) throw new MissionError("ERR_SETTINGS", `invalid settings\n${problems.join("\n")}`);
  const settings = settingsSchema().parse(
    sources.reduce<object>((below, { value }) => overlay(below, value), {}),
  );
  if (settings.speculation && settings.isolation !== "worktree")
    throw new MissionError(
      "ERR_SETTINGS",
      'invalid settings\nspeculation: two attempts at one task can\'t share a folder; set isolation to "worktree" as well',
    );
  return settings;
}

function fromVariable(text: string | undefined): unknown {
  if (text === undefined || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MissionError("ERR_SETTINGS", `${SETTINGS_VARIABLE} is no JSON: ${String(error)}`, {
      cause: error,
    });
  }
}

async function readJsonc(path: string): Promise<unknown> {
  const read = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new MissionError("ERR_SETTINGS", `could not read ${path}: ${error.message}`, { cause: error });
  });
  if (read === undefined) return undefined;
  const text = read.replace(/^\uFEFF/, "");
  const errors: ParseError[] = [];
  const options = { allowTrailingComma: true, allowEmptyContent: true };
  const value: unknown = parseJsonc(text, errors, options);
  const [first] = errors;
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split("\n").length;
    throw new MissionError(
      "ERR_SETTINGS",
      `${path}:${line}: ${printParseErrorCode(first.error)}; mend the file, it is left as it is`,
    );
  }
  return value;
}

function problemsOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  const parsed = settingsSchema().safeParse(value);
  return parsed.success ? [] : parsed.error.issues.flatMap(problemsOfIssue);
}

function problemsOfIssue(issue: z.core.$ZodIssue): readonly string[] {
  const at = issue.path.join(".");
  // The last form of a union is the one with something in it: what is wrong with that is what helps.
  if (issue.code === "invalid_union" && issue.errors.length > 0)
    return (issue.errors.at(-1) ?? []).flatMap((inner) =>
      problemsOfIssue({ ...inner, path: [...issue.path, ...inner.path] }),
    );
  if (issue.code !== "unrecognized_keys") return [`${at === "" ? "" : `${at}: `}${issue.message}`];
  const known = NESTED[String(issue.path[0])] ?? Object.keys(settingsSchema().shape);
  return issue.keys.map((key) => {
    const name = [...issue.path, key].join(".");
    const close = nearest(key, known);
    return `unknown setting "${name}"${close === undefined ? "" : `; did you mean "${close}"?`} (known: ${known.join(", ")})`;
  });
}

/** `over` on top of `base`: objects key by key, anything else as a whole. */
function overlay(base: object, over: unknown): object {
  if (!isRecord(over)) return base;
  const joined: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = joined[key];
    joined[key] = isRecord(below) && isRecord(value) ? overlay(below, value) : value;
  }
  return joined;
}

function isEmpty(value: unknown): boolean {
  return isRecord(value) && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
