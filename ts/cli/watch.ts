/** Watches the newest mission of a project while OpenCode runs. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LiveView } from "./live.ts";
import { MissionFile, type StoredMission } from "./mission-file.ts";
import type { RunningOpenCode } from "./opencode.ts";

/** Pause between looks at the store, in milliseconds. */
const LOOK_EVERY_MS = 100;

/** Shows the mission until OpenCode has ended; Ctrl-C ends OpenCode first. `before` names a mission that is not meant. */
export async function watch(
  running: RunningOpenCode,
  project: string,
  view: LiveView,
  before?: string,
): Promise<StoredMission | undefined> {
  const stop = () => running.kill();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  using missions = new MissionFile(project);
  const newest = () => {
    const mission = missions.newest();
    return mission?.brief.id === before ? undefined : mission;
  };
  let over = false;
  const ended = running.ended.finally(() => {
    over = true;
  });
  try {
    while (!over) {
      await Promise.race([ended, sleep(LOOK_EVERY_MS)]);
      const mission = newest();
      if (mission !== undefined) view.show(mission);
    }
    await ended;
    return newest();
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
