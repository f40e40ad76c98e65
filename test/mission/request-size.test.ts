import { expect, test } from "vitest";
import { call, say, scenario, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { approving, diligent, type Plan, submit, task } from "./plan.ts";
import { chats } from "./wire.ts";

const PLAN: Plan = { goal: "Measure", tasks: [task("a", { review: true })] };

/** Tools that OpenCode has itself; all others are ours. */
const BUILT_IN = [
  "bash",
  "edit",
  "glob",
  "grep",
  "question",
  "read",
  "skill",
  "task",
  "todowrite",
  "webfetch",
  "write",
];
const MOST_TOOLS_OF_OURS = 8;
/** Most bytes of a role's first request. OpenCode's own agent sends 30,700 in `opencode run`. */
const MOST_BYTES: Readonly<Record<string, number>> = {
  commander: 24_000,
  planner: 21_000,
  worker: 21_000,
  reviewer: 21_000,
};

test("first requests are small, offer at most eight tools of ours, and no title is asked for a child (complaint 10)", async () => {
  await using bench = await missionBench(
    scenario()
      .role(
        "commander",
        turns([
          call("delegate_task", { agent: "planner", prompt: "Plan it.", description: "plan it" }),
          call("run_mission"),
          say("Done."),
        ]),
      )
      .role("planner", turns([submit(PLAN), say("Planned.")]))
      .role("worker", diligent())
      .role("reviewer", approving()),
  );
  const { code, stderr } = await bench.run("measure", { command: "task" });
  expect(code, stderr).toBe(0);

  for (const [role, most] of Object.entries(MOST_BYTES)) {
    const [first] = chats(bench.model, role);
    const ours = (first?.body?.tools ?? []).filter(({ name }) => !BUILT_IN.includes(name));
    const bytes = ours.reduce((sum, tool) => sum + tool.bytes, 0);
    console.info(
      `${role}: first request ${first?.bytes} bytes of ${most}; our tools ${bytes}: ${ours.map((tool) => `${tool.name} ${tool.bytes}`).join(", ")}`,
    );
    expect(first?.bytes, role).toBeGreaterThan(5_000);
    expect(first?.bytes, role).toBeLessThanOrEqual(most);
    expect(ours.length, role).toBeGreaterThan(0);
    expect(ours.length, role).toBeLessThanOrEqual(MOST_TOOLS_OF_OURS);
  }
  const commander = chats(bench.model, "commander")[0]?.sessionKey;
  const titles = bench.model.requests
    .filter(({ kind }) => kind === "title")
    .map(({ sessionKey }) => sessionKey);
  expect(titles).toEqual([commander]);
});
