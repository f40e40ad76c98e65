import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, DIAMOND, type Plan, submit, task } from "./plan.ts";
import { chats } from "./wire.ts";

const FORBIDDEN: Plan = { goal: "g", tasks: [task("a", { verify: ["touch forbidden.txt"] })] };

test("a check that the user's permission rules refuse is not planned and never run", async () => {
  const commander = turns([
    submit(FORBIDDEN),
    call("tasks", { action: "list" }),
    submit(DIAMOND),
    say("Over."),
  ]);
  await using bench = await missionBench(cast(commander), {
    config: { permission: { bash: { "*": "allow", "touch *": "deny" } } },
  });
  const { code, stderr } = await bench.run("refused", { command: "task" });
  expect(code, stderr).toBe(0);

  const answers = chats(bench.model, "commander").map(
    ({ body }) => body?.messages.findLast(({ role }) => role === "tool")?.text ?? "",
  );
  expect(answers[1]).toMatch(/rule|permission|den(y|ied)/i);
  expect(answers[2]).toBe("No tasks yet.");
  expect(answers[3]).toMatch(/^Accepted: base/);
  expect(await bench.project.files()).not.toContain("forbidden.txt");
});
