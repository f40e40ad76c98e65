/** `orchestrator status`: how the newest mission of a project stands, read without OpenCode. */
import { parseArgs } from "node:util";
import { type MissionView, Ownership, type Store, type TaskView } from "../engine/index.ts";
import { type Brief, briefKey } from "../mission/brief.ts";
import { progressLine, progressRows } from "../mission/progress.ts";
import { CliError, ExitCode } from "./exit.ts";
import { openProjectStore } from "./project-store.ts";

const USAGE = `Usage: orchestrator status [options]

Shows how the newest mission of a project stands. Reads only: also while OpenCode drives it.

Options:
  --dir <folder>  the project; the current folder unless told
  --json          print one JSON object, and nothing else
  --help          show this

Exit codes: 0 shown, 2 usage, 3 there is no mission, or its store can't be read`;

/** Runs the command. @throws CliError */
export async function status(args: readonly string[]): Promise<number> {
  const options = parsed(args);
  if (options.help === true) {
    console.log(USAGE);
    return ExitCode.Done;
  }
  using store = openProjectStore(options.dir ?? ".");
  const brief = newest(store);
  using snapshot = store.snapshot();
  const view = snapshot.get<MissionView>(`mission/${brief.id}`)?.value;
  if (view === undefined)
    throw new CliError(ExitCode.Environment, `mission ${brief.id} was opened and never got to its plan`);
  const tasks = snapshot.scan<TaskView>(`mission/${brief.id}/task/`).map(({ value }) => value);
  const shown = { ...view, tasks, leases: [] };
  const driver = view.phase === "done" ? undefined : Ownership.holder(store, brief.id)?.pid;
  const { id, objective } = brief;
  if (options.json === true) {
    const { phase, outcome } = view;
    console.log(JSON.stringify({ id, objective, phase, outcome, driver, tasks: progressRows(shown) }));
    return ExitCode.Done;
  }
  console.log(`Mission ${id}: ${objective}`);
  console.log(
    view.outcome === undefined ? progressLine(shown) : `over: ${view.outcome} · ${progressLine(shown)}`,
  );
  if (view.phase !== "done")
    console.log(driver === undefined ? "nobody drives it" : `last driven by process ${driver}`);
  for (const { id: task, state, title } of progressRows(shown)) console.log(`  ${state}\t${task}\t${title}`);
  return ExitCode.Done;
}

function newest(store: Store): Brief {
  const briefs = store.scan<Brief>(briefKey("")).map(({ value }) => value);
  const [first] = briefs.sort((a, b) => b.openedAt - a.openedAt);
  if (first === undefined) throw new CliError(ExitCode.Environment, "this project has had no mission");
  return first;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { dir: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    }).values;
  } catch (error) {
    throw new CliError(ExitCode.Usage, `${(error as Error).message}\n\n${USAGE}`);
  }
}
