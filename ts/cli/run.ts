/** `orchestrator run` and `orchestrator resume`: a mission in the user's project and OpenCode, without its screen. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineError, loadAddon, Ownership } from "../engine/index.ts";
import { type Brief, briefKey } from "../mission/brief.ts";
import { MissionError } from "../mission/error.ts";
import { STATE_FOLDER, STORE_FILE } from "../mission/orchestrator.ts";
import { progressRows } from "../mission/progress.ts";
import { chosen, drivenElsewhere, unfinished } from "../mission/recovery.ts";
import { COMMON, commandLine, MODEL, misused, modelOf } from "./command-line.ts";
import { environmentFor } from "./configured.ts";
import { CliError, ExitCode, exitCodeOf } from "./exit.ts";
import { LiveView } from "./live.ts";
import type { StoredMission } from "./mission-file.ts";
import { findOpenCode, startOpenCode } from "./opencode.ts";
import { openProjectStore } from "./project-store.ts";
import { watch } from "./watch.ts";

const OPTIONS = `Options:
  --dir <folder>               the project; the current folder unless told
  --model <provider/model>     the commander's model; OpenCode's own choice unless told
  --permission <reject|allow>  what a permission question of a worker is answered with (default: the setting unattended)
  --json                       print the result as one JSON object; progress goes to standard error in any case
  --help                       show this

Exit codes: 0 the mission was accepted, 1 it was not, 2 usage, 3 environment, 130 interrupted by Ctrl-C`;

const RUN_USAGE = `Usage: orchestrator run "<objective>" [options]

Runs a mission in your project, in your OpenCode, until it is over. Ctrl-C ends OpenCode; "orchestrator resume" goes on.

${OPTIONS}`;

const RESUME_USAGE = `Usage: orchestrator resume [mission] [options]

Goes on with an unfinished mission of your project: the newest, or the one that is named. Accepted work is not done again.

${OPTIONS}`;

interface RunOptions {
  readonly project: string;
  readonly text: string;
  readonly model: string | undefined;
  readonly unattended: "reject" | "allow" | undefined;
  readonly json: boolean;
}

/** Runs `orchestrator run`. @throws CliError */
export async function run(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, RUN_USAGE);
  if (options === undefined) return ExitCode.Done;
  if (options.text === "") throw misused("run needs an objective", RUN_USAGE);
  const before = missionsOf(options.project);
  return play("task", options, (mission) => !before.has(mission));
}

/** Runs `orchestrator resume`. @throws CliError */
export async function resume(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, RESUME_USAGE);
  if (options === undefined) return ExitCode.Done;
  const id = resumable(options.project, options.text === "" ? undefined : options.text);
  return play("resume", { ...options, text: id }, (mission) => mission === id);
}

/** The mission to go on with. @throws CliError where there is none, or another process drives it. */
function resumable(project: string, id: string | undefined): string {
  using store = openProjectStore(project);
  try {
    const { brief } = chosen(unfinished(store), id);
    const claim = Ownership.claim(store, brief.id);
    if (!(claim instanceof Ownership))
      throw new CliError(ExitCode.Failed, drivenElsewhere(brief, claim.holder));
    claim[Symbol.dispose]();
    return brief.id;
  } catch (error) {
    if (!(error instanceof MissionError) && !EngineError.is(error)) throw error;
    throw new CliError(ExitCode.Failed, error.message, { cause: error });
  }
}

/** The missions that a project has had. @throws CliError (environment) where there is no engine, or the store is damaged. */
function missionsOf(project: string): ReadonlySet<string> {
  try {
    loadAddon();
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    throw new CliError(ExitCode.Environment, error.message, { cause: error });
  }
  if (!existsSync(join(project, STATE_FOLDER, STORE_FILE))) return new Set();
  using store = openProjectStore(project);
  return new Set(store.scan<Brief>(briefKey("")).map(({ value }) => value.id));
}

/** Shows the newest mission that is `wanted`. */
async function play(
  command: string,
  options: RunOptions,
  wanted: (mission: string) => boolean,
): Promise<number> {
  const { project, text, model, unattended } = options;
  const program = findOpenCode();
  const settings = unattended === undefined ? {} : { unattended };
  const env = await environmentFor(program, project, settings).catch((error: unknown) => {
    throw new CliError(ExitCode.Environment, `OpenCode's configuration could not be read: ${String(error)}`, {
      cause: error,
    });
  });
  const args = ["run", "--command", command, ...(model === undefined ? [] : ["--model", model]), "--", text];
  const running = startOpenCode(program, args, { cwd: project, env });
  const view = new LiveView((line) => console.error(line), process.stderr.isTTY === true);
  const { mission, interrupted } = await watch(running, project, view, wanted);
  const code = conclude(mission, running.output(), options);
  return interrupted === undefined || code === ExitCode.Done ? code : exitCodeOf(interrupted);
}

function conclude(mission: StoredMission | undefined, output: string, { json }: RunOptions): number {
  const outcome = mission?.view.outcome ?? "not finished";
  const rows =
    mission === undefined ? [] : progressRows({ ...mission.view, tasks: mission.tasks, leases: [] });
  if (json) {
    const { id, objective } = mission?.brief ?? {};
    console.log(JSON.stringify({ id, objective, outcome, reason: mission?.view.reason, tasks: rows }));
  } else {
    for (const { id, state, title } of rows) console.log(`${state}\t${id}\t${title}`);
    if (mission === undefined) console.log(`No mission was begun. OpenCode said:\n\n${output.trim()}`);
    else console.log(`Mission ${mission.brief.id}: ${outcome}`);
    if (mission !== undefined && mission.view.outcome === undefined) {
      if (mission.view.reason !== undefined) console.log(mission.view.reason);
    }
  }
  if (mission !== undefined && mission.view.outcome === undefined)
    console.error("It can be gone on with: orchestrator resume");
  return outcome === "accepted" ? ExitCode.Done : ExitCode.Failed;
}

/** `undefined` when only help was asked for, which is then printed. */
function optionsOf(args: readonly string[], usage: string): RunOptions | undefined {
  const { values, positionals } = commandLine(args, usage, {
    options: {
      ...COMMON,
      ...MODEL,
      dir: { type: "string" },
      permission: { type: "string" },
    },
    allowPositionals: true,
  });
  if (values.help === true) {
    console.log(usage);
    return undefined;
  }
  const { permission } = values;
  const model = modelOf(values.model, usage);
  if (positionals.length > 1) throw misused(`one argument, in quotes, not ${positionals.length}`, usage);
  if (permission !== undefined && permission !== "reject" && permission !== "allow")
    throw misused(`--permission takes reject or allow, not "${permission}"`, usage);
  const project = resolve(values.dir ?? ".");
  if (!existsSync(project)) throw new CliError(ExitCode.Environment, `there is no folder ${project}`);
  const text = positionals[0]?.trim() ?? "";
  return { project, text, model, unattended: permission, json: values.json === true };
}
