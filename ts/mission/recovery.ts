/** Missions that an earlier process left unfinished. */
import type { Holder, MissionView, SetAside, Snapshot, Store } from "../engine/index.ts";
import { type Brief, briefKey } from "./brief.ts";
import { MissionError } from "./error.ts";
import { progressLine } from "./progress.ts";

/** A mission that has not ended, as the store has it. */
export interface Unfinished {
  readonly brief: Brief;
  readonly view: MissionView;
}

/** The unfinished missions of a store, the newest first. */
export function unfinished(store: Store): readonly Unfinished[] {
  using snapshot = store.snapshot();
  return snapshot
    .scan<Brief>(briefKey(""))
    .flatMap(({ value: brief }) => {
      const view = snapshot.get<MissionView>(`mission/${brief.id}`)?.value;
      return view === undefined || view.phase === "done" ? [] : [{ brief, view }];
    })
    .sort((a, b) => b.brief.openedAt - a.brief.openedAt);
}

/**
 * The one to go on with: the newest, or the one of this id.
 * @throws MissionError `ERR_NO_MISSION` when there is none.
 */
export function chosen(missions: readonly Unfinished[], id: string | undefined): Unfinished {
  const found = id === undefined ? missions[0] : missions.find(({ brief }) => brief.id === id);
  if (found !== undefined) return found;
  const others = missions.map(({ brief }) => `${brief.id} ("${brief.objective}")`).join(", ");
  throw new MissionError(
    "ERR_NO_MISSION",
    missions.length === 0
      ? 'there is no unfinished mission in this project: /task "…" starts one'
      : `there is no unfinished mission ${id}; there are: ${others}`,
  );
}

/** What the user is told of an unfinished mission at the start. */
export function leftUnfinished({ brief, view }: Unfinished): string {
  const { accepted, pending, ready, running, verifying, reviewing, failed, blocked, cancelled } = view.counts;
  const tasks = accepted + pending + ready + running + verifying + reviewing + failed + blocked + cancelled;
  return `Unfinished mission "${brief.objective}": ${accepted} of ${tasks} tasks accepted. /resume goes on with it, /stop gives it up.`;
}

/** A mission that this process does not drive. `holder` is absent where nobody does. */
export interface Elsewhere {
  readonly brief: Brief;
  readonly snapshot: Snapshot;
  readonly holder: Holder | undefined;
}

/** Why a mission can be looked at here, and no more. */
export function drivenElsewhere({ id, objective }: Brief, { pid }: Holder): string {
  return `mission ${id} ("${objective}") is driven by another OpenCode in this project (process ${pid}): /mission shows it; end it or wait for it there`;
}

/** Who drives a mission that this process does not. */
export function drivenBy({ holder }: Elsewhere): string {
  return holder === undefined
    ? "Nobody drives it: /resume goes on with it."
    : `Another OpenCode in this project drives it (process ${holder.pid}).`;
}

/** What tells the commander to go on. A session that did not lead it before is told what it is about. */
export function resumeMessage({ objective }: Brief, snapshot: Snapshot, knowsIt: boolean): string {
  const tasks = snapshot.tasks.filter(({ kind }) => kind === "task");
  const lines = tasks.map(({ id, title, state }) => `- ${id} (${title}): ${state}`);
  return [
    `The mission goes on: ${objective}`,
    ...(knowsIt ? [] : [`Another session began it. ${snapshot.goal}`]),
    tasks.length === 0
      ? "It has no plan yet: make one with submit_plan, then call run_mission."
      : `It stands at ${progressLine(snapshot)}.\n${lines.join("\n")}`,
    ...(tasks.length === 0 ? [] : ["Call run_mission. What is accepted is not done again."]),
  ].join("\n\n");
}

/** What the user is told where the store was damaged: where it is now, and that missions start anew. */
export function setAsideNote({ path, reason }: SetAside): string {
  return `The store of this project's missions was damaged (${reason}). It was set aside as ${path}, nothing of it was deleted, and a new one was begun: earlier missions are in the old file only.`;
}
