import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { after, call, say, scenario, startScriptedModel, turns } from "../../ts/scripted-model/index.ts";
import { openCode, tuiUnavailable } from "../opencode/index.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");

const PLAN = {
  goal: "Write two notes",
  tasks: [
    { id: "one", title: "Write the first note", prompt: "Write one.txt", files: ["one.txt"] },
    {
      id: "two",
      title: "Write the second",
      prompt: "Write two.txt",
      files: ["two.txt"],
      depends_on: ["one"],
    },
  ],
};

const unavailable = tuiUnavailable();
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

describe.skipIf(unavailable !== undefined)(
  `a real mission in the panel${unavailable ? ` (skipped: ${unavailable})` : ""}`,
  () => {
    test("is followed from /task to its end, by one package listed in both config files", async () => {
      const report = call("report_task", { status: "done", summary: "It is written." });
      const work = turns([after(3000, report)], { rest: say("Done.") });
      const model = await startScriptedModel({
        scenario: scenario()
          .role(
            "commander",
            turns([call("submit_plan", PLAN), call("run_mission", {}), say("Both are written.")]),
          )
          .role("worker", work)
          .role("reviewer", turns([call("review_task", { verdict: "approve" })], { rest: say("Done.") }))
          .otherwise(say("A title")),
      });
      open.push(model);
      const bench = await openCode({ model, plugin: REPOSITORY });
      open.push(bench);
      await writeFile(join(bench.home.configDir, "tui.json"), JSON.stringify({ plugin: [REPOSITORY] }));
      const tui = await bench.tui();
      await tui.waitForText("Ask anything");
      await tui.type("/task write two notes");
      await tui.press("Enter");
      expect(await tui.waitForText("● one Write the first note")).toContain("Mission 0/2 accepted");
      expect(await tui.waitForText("● two Write the second")).toContain("✓ one");
      await tui.waitForText("Both are written.");
      expect(await tui.waitForText("Mission 2/2 accepted")).toContain("✓ two");
    });
  },
);
