/**
 * `orchestrator demo`: a whole mission in a real OpenCode, in a temporary git repository. Without `--model` it runs
 * offline on the built-in scripted model, in a home of its own; with one it uses the user's OpenCode as it is configured.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startScriptedModel } from "../../scripted-model/index.ts";
import { COMMON, commandLine, MODEL, misused, modelOf } from "../command-line.ts";
import { CliError, ExitCode, exitCodeOf } from "../exit.ts";
import { LiveView } from "../live.ts";
import type { StoredMission } from "../mission-file.ts";
import { besides, findOpenCode, findProgram, type RunningOpenCode, startOpenCode } from "../opencode.ts";
import { configFolder, sandboxEnvironment, seedConfigFolder } from "../sandbox.ts";
import { watch } from "../watch.ts";
import { PACKAGE_JSON, README, TSCONFIG } from "./files.ts";
import { demoScenario, OBJECTIVE } from "./scenario.ts";

const USAGE = `Usage: orchestrator demo [options]

Plays a mission in a real OpenCode, in a temporary git repository: five tasks that
write a small TypeScript module with tests that really run.

Options:
  --model <provider/model>  a model that your OpenCode is configured for
                            (default: the built-in scripted model, offline)
  --objective <text>        what to do instead
  --keep                    keep the folder, and say where it is
  --json                    print the result as one JSON object, and nothing else
  --help                    show this

Exit codes: 0 the mission was accepted, 1 it was not, 2 usage, 3 environment`;

const PLUGIN = fileURLToPath(new URL("./server.js", import.meta.url));

interface DemoOptions {
  readonly model: string | undefined;
  readonly objective: string;
  readonly keep: boolean;
  readonly json: boolean;
}

/** Runs the demo; answers the exit code. */
export async function demo(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === undefined) {
    console.log(USAGE);
    return ExitCode.Done;
  }
  const program = findOpenCode();
  if (options.model === undefined) needTypeScript();
  const say = options.json ? () => undefined : (line: string) => console.log(line);
  const root = await realpath(await mkdtemp(join(tmpdir(), "orchestrator-demo-")));
  try {
    return await play(root, program, options, say);
  } finally {
    if (options.keep) say(`\nKept: ${join(root, "project")}`);
    else await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

function optionsOf(args: readonly string[]): DemoOptions | undefined {
  const { values } = commandLine(args, USAGE, {
    options: {
      ...COMMON,
      ...MODEL,
      objective: { type: "string" },
      keep: { type: "boolean" },
    },
  });
  if (values.help === true) return undefined;
  const model = modelOf(values.model, USAGE);
  if (values.objective !== undefined && model === undefined)
    throw misused("the scripted model knows only its own objective: give --model too", USAGE);
  const { objective = OBJECTIVE, keep = false, json = false } = values;
  return { model, objective, keep, json };
}

async function play(
  root: string,
  program: string,
  options: DemoOptions,
  say: (line: string) => void,
): Promise<number> {
  await using model =
    options.model === undefined ? await startScriptedModel({ scenario: demoScenario() }) : undefined;
  const project = await makeProject(root, model === undefined ? undefined : scriptedProvider(model.url));
  const home = join(root, "home");
  if (model !== undefined) await seedConfigFolder(configFolder(home));
  const env = {
    ...process.env,
    ...(model === undefined ? {} : sandboxEnvironment(home)),
    PATH: [...besides(), process.env["PATH"] ?? ""].join(delimiter),
  };
  const chosen = options.model ?? "scripted/model";
  say(`OpenCode   ${program}`);
  say(`Model      ${chosen}${model === undefined ? "" : " (built in, offline)"}`);
  say(`Project    ${project}`);
  say(`\n/task "${options.objective}"\n`);
  const args = ["run", "--command", "task", "--model", chosen, options.objective];
  const running = startOpenCode(program, args, { cwd: project, env });
  const { mission, interrupted } = await watch(
    running,
    project,
    new LiveView(say, process.stdout.isTTY === true && !options.json),
  );
  const code = await conclude(project, mission, running, options, say);
  return interrupted === undefined || code === ExitCode.Done ? code : exitCodeOf(interrupted);
}

async function conclude(
  project: string,
  mission: StoredMission | undefined,
  running: RunningOpenCode,
  { json }: DemoOptions,
  say: (line: string) => void,
): Promise<number> {
  const outcome = mission?.view.outcome ?? "not finished";
  const tree = await filesBelow(project);
  const verification = mission?.view.missionVerification?.report;
  const states = Object.fromEntries(
    (mission?.tasks ?? []).map(({ id, state, attempt }) => [id, { state, attempt }]),
  );
  if (json) console.log(JSON.stringify({ outcome, tasks: states, verification, files: tree }));
  if (verification !== undefined) say(`\nWhat the engine checked at the end:\n\n${indented(verification)}`);
  const head = outcome === "accepted" ? "The accepted tree" : "The tree as it was left";
  if (tree.length > 0) say(`\n${head}:\n\n${indented(tree.join("\n"))}`);
  if (outcome === "accepted") {
    const repaired = (mission?.tasks ?? []).filter(({ attempt }) => attempt > 1).map(({ id }) => id);
    const notes = repaired.length === 0 ? "" : `; refused at first, then repaired: ${repaired.join(", ")}`;
    say(`\nMission accepted: ${Object.keys(states).length} tasks${notes}.`);
    return ExitCode.Done;
  }
  say(`\nMission: ${outcome}. OpenCode said:\n\n${indented(running.output().trim())}`);
  return ExitCode.Failed;
}

interface Provider {
  readonly provider: Readonly<Record<string, unknown>>;
}

function scriptedProvider(baseURL: string): Provider {
  const models = { model: { name: "scripted", limit: { context: 200_000, output: 8000 } } };
  const options = { baseURL, apiKey: "none" };
  return { provider: { scripted: { npm: "@ai-sdk/openai-compatible", options, models } } };
}

/** A git repository with a package and a compiler's settings in it, and OpenCode told of the plugin. */
async function makeProject(root: string, provider: Provider | undefined): Promise<string> {
  const project = join(root, "project");
  await mkdir(project);
  const config = {
    $schema: "https://opencode.ai/config.json",
    plugin: [PLUGIN],
    ...provider,
    ...(provider === undefined ? {} : { small_model: "scripted/model" }),
  };
  const files = {
    "opencode.json": `${JSON.stringify(config, null, 2)}\n`,
    "package.json": PACKAGE_JSON,
    "tsconfig.json": TSCONFIG,
    "README.md": README,
    ".gitignore": "build/\n",
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(project, name), content);
  const git = (...args: string[]) =>
    promisify(execFile)("git", ["-c", "user.name=demo", "-c", "user.email=demo@localhost", ...args], {
      cwd: project,
    });
  try {
    await git("init", "--quiet");
    await git("add", "--all");
    await git("commit", "--quiet", "--no-gpg-sign", "--message", "Start");
  } catch (error) {
    throw new CliError(ExitCode.Environment, `git could not make a repository: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return project;
}

function needTypeScript(): void {
  if (findProgram("tsc") !== undefined) return;
  throw new CliError(
    ExitCode.Environment,
    "the demo compiles TypeScript: install it (npm install -g typescript)",
  );
}

/** The files of the project that are neither git's, nor built, nor ours; sorted, with `/`. */
async function filesBelow(project: string): Promise<readonly string[]> {
  const entries = await readdir(project, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(project, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !/^(\.git|build|\.orchestrator\/state|node_modules)\//.test(path))
    .sort();
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
