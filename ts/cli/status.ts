/** `orchestrator status`: how the missions of a project stand, read without OpenCode. */
import { type MissionView, Ownership, type SeenHolder, type Store, type TaskView } from "../engine/index.ts";
import { type Brief, briefKey } from "../mission/brief.ts";
import { nearest } from "../mission/nearest.ts";
import { progressLine, progressRows } from "../mission/progress.ts";
import { COMMON, commandLine, misused } from "./command-line.ts";
import { CliError, ExitCode } from "./exit.ts";
import { openProjectStore } from "./project-store.ts";

const USAGE = `Usage: orchestrator status [mission] [options]

Lists the missions of a project, the newest first, and shows the tasks of the newest one, or of the one that is named.
Reads only: also while OpenCode drives them.

Options:
  --dir <folder>  the project; the current folder unless told
  --json          print one JSON object, and nothing else
  --help          show this

Exit codes: 0 shown, 1 there is no such mission, 2 usage, 3 there is no mission, or the store can't be read`;

/** A mission as it stands; one that was opened and never got to its plan has no view. */
interface Listed {
  readonly brief: Brief;
  readonly view: MissionView | undefined;
  readonly tasks: readonly TaskView[];
  /** Who drives it, or did when it ended without a word; none once it is over. */
  readonly driver: SeenHolder | undefined;
}

/** Runs the command. @throws CliError */
export async function status(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(args);
  if (values.help === true) {
    console.log(USAGE);
    return ExitCode.Done;
  }
  if (positionals.length > 1) throw misused(`one mission, not ${positionals.length}`, USAGE);
  using store = openProjectStore(values.dir ?? ".", { existing: true });
  const missions = listed(store);
  const [wanted] = positionals;
  const shown = wanted === undefined ? missions[0] : missions.find(({ brief }) => brief.id === wanted);
  if (shown === undefined) throw unknownMission(wanted, missions);
  if (values.json === true) {
    console.log(JSON.stringify({ ...summary(shown), tasks: rows(shown), missions: missions.map(summary) }));
    return ExitCode.Done;
  }
  for (const line of described(shown)) console.log(line);
  if (wanted === undefined && missions.length > 1) {
    console.log("\nEarlier missions:");
    for (const mission of missions.slice(1)) console.log(`  ${mission.brief.id}\t${inOneLine(mission)}`);
  }
  return ExitCode.Done;
}

/** All missions of a project, the newest first. */
function listed(store: Store): readonly Listed[] {
  using snapshot = store.snapshot();
  return snapshot
    .scan<Brief>(briefKey(""))
    .map(({ value: brief }) => {
      const view = snapshot.get<MissionView>(`mission/${brief.id}`)?.value;
      const tasks = snapshot.scan<TaskView>(`mission/${brief.id}/task/`).map(({ value }) => value);
      const driver = view?.phase === "done" ? undefined : Ownership.holder(store, brief.id);
      return { brief, view, tasks, driver };
    })
    .sort((a, b) => b.brief.openedAt - a.brief.openedAt);
}

function unknownMission(id: string | undefined, missions: readonly Listed[]): CliError {
  if (id === undefined) return new CliError(ExitCode.Environment, "this project has had no mission");
  const ids = missions.map(({ brief }) => brief.id);
  const near = nearest(id, ids);
  const there = near === undefined ? `there are: ${ids.slice(0, 5).join(", ")}` : `did you mean ${near}?`;
  return new CliError(ExitCode.Failed, `there is no mission ${id}; ${there}`);
}

/** The state in a word or two: of one that goes on, its phase. */
function stateOf({ view }: Listed): string {
  if (view === undefined) return "not planned";
  return view.outcome ?? view.phase;
}

function drive({ brief, view, driver }: Listed): string {
  if (view?.phase === "done") return "";
  const goOn = "`orchestrator resume` goes on with it";
  if (driver === undefined) return `nobody drives it; ${goOn}`;
  const { pid, host } = driver;
  switch (driver.liveness) {
    case "alive":
      return `driven by process ${pid}`;
    case "dead":
      return `process ${pid}, which drove it, has ended; \`orchestrator resume ${brief.id}\` goes on with it`;
    case "unknown":
      return `driven by process ${pid} of ${host}, which can't be asked about from here`;
  }
}

function rows({ view, tasks }: Listed): ReturnType<typeof progressRows> {
  return view === undefined ? [] : progressRows({ ...view, tasks, leases: [] });
}

function inOneLine(mission: Listed): string {
  return [stateOf(mission), mission.brief.objective, drive(mission)].filter(Boolean).join(" · ");
}

function described(mission: Listed): readonly string[] {
  const { brief, view, tasks } = mission;
  const progress = view === undefined ? [] : [progressLine({ ...view, tasks, leases: [] })];
  return [
    `Mission ${brief.id}: ${brief.objective}`,
    [view?.outcome === undefined ? stateOf(mission) : `over: ${view.outcome}`, ...progress].join(" · "),
    ...(view?.outcome === undefined && view?.reason !== undefined ? [view.reason] : []),
    ...[drive(mission)].filter(Boolean),
    ...rows(mission).map(({ id, state, title }) => `  ${state}\t${id}\t${title}`),
  ];
}

function summary(mission: Listed) {
  const { brief, view, driver } = mission;
  const { id, objective, openedAt } = brief;
  const { phase, outcome, reason } = view ?? {};
  const by = driver === undefined ? undefined : { pid: driver.pid, liveness: driver.liveness };
  return { id, objective, openedAt, phase, outcome, reason, driver: by };
}

function parsed(args: readonly string[]) {
  const options = { ...COMMON, dir: { type: "string" } } as const;
  return commandLine(args, USAGE, { options, allowPositionals: true });
}
