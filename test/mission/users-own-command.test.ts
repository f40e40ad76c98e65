import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { say, scenario } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { texts } from "./wire.ts";

test("a user's own /task is left alone: its template is used, no mission is opened, nothing is written", async () => {
  await using bench = await missionBench(scenario().otherwise(say("As you say.")), {
    config: { command: { task: { template: "My own template, about: $ARGUMENTS", description: "mine" } } },
  });
  const { code, stdout } = await bench.run("the garden", { command: "task" });
  expect(code).toBe(0);
  expect(stdout).toContain("As you say.");
  const asked = await bench.model.waitFor((request) => request.kind === "chat");
  expect(texts(asked, "user").join("\n")).toContain("My own template, about: ");
  expect(texts(asked, "user").join("\n")).toContain("the garden");
  expect(asked.role).toBe("build");
  expect(await readdir(bench.project.dir)).toEqual([".git"]);
});
