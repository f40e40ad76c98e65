/** Watches the newest mission of a project while OpenCode runs. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LiveView } from "./live.ts";
import { MissionFile, type StoredMission } from "./mission-file.ts";
import type { RunningOpenCode } from "./opencode.ts";

/** Pause between looks at the store, in milliseconds. */
const LOOK_EVERY_MS = 100;

/** What was seen. */
export interface Watched {
  /** The mission as it stood at the end; none where none was begun. */
  readonly mission: StoredMission | undefined;
  /** The signal by which the user ended it. */
  readonly interrupted: NodeJS.Signals | undefined;
}

/** Shows the mission until OpenCode has ended; Ctrl-C ends OpenCode first. Of several missions the newest that is `wanted` is shown. */
export async function watch(
  running: RunningOpenCode,
  project: string,
  view: LiveView,
  wanted?: (mission: string) => boolean,
): Promise<Watched> {
  let interrupted: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals) => {
    interrupted ??= signal;
    running.kill();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  using missions = new MissionFile(project);
  let over = false;
  const ended = running.ended.finally(() => {
    over = true;
  });
  try {
    while (!over) {
      await Promise.race([ended, sleep(LOOK_EVERY_MS)]);
      const mission = missions.newest(wanted);
      if (mission !== undefined) view.show(mission);
    }
    await ended;
    return { mission: missions.newest(wanted), interrupted };
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}
