import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { MissionEngine, Store } from "../engine/index.ts";
import { type Brief, briefKey } from "../mission/brief.ts";
import { folderWith } from "../mission/folder.fixture.ts";
import { STATE_FOLDER, STORE_FILE } from "../mission/orchestrator.ts";
import { MissionFile } from "./mission-file.ts";

it("shows the newest mission, or the newest of those that are meant", async () => {
  const project = await folderWith();
  mkdirSync(join(project, STATE_FOLDER), { recursive: true });
  using missions = new MissionFile(project);
  expect(missions.newest()).toBeUndefined();
  using store = Store.open(join(project, STATE_FOLDER, STORE_FILE));
  for (const [openedAt, id] of ["old", "new"].entries()) {
    const brief: Brief = { id, objective: id, session: "s", openedAt };
    store.transaction((tx) => tx.put(briefKey(id), brief));
    using engine = MissionEngine.open(store, id);
    engine.submit(1, [
      {
        type: "plan_submitted",
        plan: {
          goal: id,
          tasks: [{ id: "a", title: "A", prompt: "Do it.", agent: "worker", role: "worker" }],
        },
      },
    ]);
  }
  expect(missions.newest()?.brief.id).toBe("new");
  expect(missions.newest((id) => id === "old")?.brief.id).toBe("old");
  expect(missions.newest((id) => id === "none")).toBeUndefined();
});
