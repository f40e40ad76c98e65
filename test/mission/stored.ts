/** What a project's store holds, read as another process would. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type MissionView, Store, type TaskView } from "../../ts/engine/index.ts";
import type { Brief } from "../../ts/mission/brief.ts";

/** A mission with its tasks by id. */
export interface Stored {
  readonly brief: Brief;
  readonly view: MissionView;
  readonly tasks: Readonly<Record<string, TaskView>>;
}

/** Every mission of the project in `directory`, oldest first. */
export function storedMissions(directory: string): readonly Stored[] {
  const path = join(directory, ".orchestrator/state/missions.db");
  if (!existsSync(path)) return [];
  using store = Store.open(path);
  using snapshot = store.snapshot();
  return snapshot
    .scan<Brief>("brief/")
    .map(({ value: brief }) => {
      const view = snapshot.get<MissionView>(`mission/${brief.id}`)?.value;
      if (view === undefined) throw new Error(`the store has a brief but no mission ${brief.id}`);
      const tasks = snapshot
        .scan<TaskView>(`mission/${brief.id}/task/`)
        .map(({ value }) => [value.id, value]);
      return { brief, view, tasks: Object.fromEntries(tasks) as Record<string, TaskView> };
    })
    .sort((a, b) => a.brief.openedAt - b.brief.openedAt);
}

/** The one mission of a project. */
export function storedMission(directory: string): Stored {
  const missions = storedMissions(directory);
  const [mission] = missions;
  if (mission === undefined || missions.length > 1)
    throw new Error(`${directory} has ${missions.length} missions`);
  return mission;
}
