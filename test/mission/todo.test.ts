import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { call, type Responder, type Scenario, say, turns } from "../../ts/scripted-model/index.ts";
import type { MissionBench } from "./bench.ts";
import { missionBench } from "./bench.ts";
import { cast, diligent, type Plan, submit, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult } from "./wire.ts";

const PLAN: Plan = {
  goal: "Edited",
  tasks: [task("slow"), task("after", { depends_on: ["slow"] }), task("extra", { depends_on: ["slow"] })],
};
const MORE: Plan = { goal: "", tasks: [task("docs", { title: "Write the docs" })] };

/** The longest that `slow` waits, for a busy machine. */
const PATIENCE_MS = 60_000;

/** The commander plans what the user proposes; `slow` is at work until `edited` is aborted. */
function played(edited: AbortSignal): Scenario {
  const work = diligent();
  const worker: Responder = async (turn) => {
    if (taskOf(turn) === "slow" && !edited.aborted)
      await once(edited, "abort", { signal: AbortSignal.timeout(PATIENCE_MS) });
    return work(turn);
  };
  const commander = turns([
    submit(PLAN),
    call("run_mission"),
    submit(MORE),
    call("update_todo", { expected_version: 1, items: [{ id: "after", status: "cancelled" }] }),
    call("run_mission"),
    say("All done."),
  ]);
  return cast(commander, worker);
}

const todoOf = (bench: MissionBench) => join(bench.project.dir, ".orchestrator", "todo.md");
const text = (bench: MissionBench) => readFile(todoOf(bench), "utf8").catch(() => "");

/** A tick, a deletion, a new item and other line ends, in one save while `slow` is at work. */
async function edit(bench: MissionBench): Promise<void> {
  await expect.poll(() => text(bench), { timeout: 30_000 }).toContain("- [~] **slow**");
  const edited = (await text(bench))
    .replace("- [ ] **after**", "- [x] **after**")
    .replace(/- \[ \] \*\*extra\*\*.*\n/, "")
    .concat("* [ ] Write the docs\n");
  await writeFile(todoOf(bench), edited.replaceAll("\n", "\r\n"));
}

/** What the commander was told when its call returned with the news of the edit, and what it was told next. */
async function told(bench: MissionBench): Promise<readonly string[]> {
  await bench.model.waitFor(
    (request) => request.role === "commander" && lastResult(request).includes("The user edited"),
    30_000,
  );
  return chats(bench.model, "commander").map(lastResult);
}

describe("todo.md edited by hand while the mission runs", () => {
  test("headless: the commander is told, a tick verifies nothing, a deletion is refused and comes back", async () => {
    const edited = new AbortController();
    await using bench = await missionBench(played(edited.signal));
    const run = bench.run("be edited", { command: "task" });
    await edit(bench);
    const news = (await told(bench))[2];
    expect(news).toMatch(/^The user edited the plan; the mission goes on meanwhile\./);
    expect(news).toContain("- proposed-1, a new item: Write the docs");
    expect(news).toContain("- after was ticked by hand: that verifies nothing, it is pending");
    expect(news).toContain("- extra was deleted by hand: cancelling it was not allowed, so it stays");
    const during = await text(bench);
    expect(during).toContain(
      "- [ ] **after** Title of after (after slow) — ticked by hand, not verified\r\n",
    );
    expect(during).toContain(
      "- [ ] **extra** Title of extra (after slow) — deleted by hand, not cancelled\r\n",
    );
    expect(during.replaceAll("\r\n", "")).not.toContain("\n");

    edited.abort();
    const { code, stderr } = await run;
    expect(code, stderr).toBe(0);
    const results = chats(bench.model, "commander").map(lastResult);
    expect(results[4]).toMatch(/the plan is at version \d+, not 1\. Nothing was changed\./);
    expect(results[5]).toMatch(/^The mission is over: accepted\. 4 tasks accepted/);
    const { tasks } = storedMission(bench.project.dir);
    expect(Object.values(tasks).map(({ state }) => state)).toEqual(Array(4).fill("accepted"));
    const after = await text(bench);
    expect(after).toContain("- [x] **after** Title of after (after slow)\r\n");
    expect(after).toContain("- [x] **docs** Write the docs\r\n");
    expect(after).not.toContain("Proposed");
  });

  test("with somebody to ask: a deletion is asked about by the task's name, and cancels it", async () => {
    const edited = new AbortController();
    await using bench = await missionBench(played(edited.signal));
    const server = await bench.serve();
    const session = await server.session({ title: "edited" });
    const turn = server.command(session, "task", "be edited");
    turn.catch(() => undefined);
    await edit(bench);
    const asked = await server.waitForEvent(({ type }) => type === "permission.asked");
    expect(asked.properties).toMatchObject({ permission: "cancel_task_extra", patterns: ["extra"] });
    const { id } = asked.properties as { readonly id: string };
    await server.client.postSessionIdPermissionsPermissionId({
      path: { id: session, permissionID: id },
      body: { response: "once" },
      throwOnError: true,
    });
    expect((await told(bench))[2]).toContain("- extra was deleted by hand and is cancelled");
    expect(await text(bench)).toContain("- [-] **extra** Title of extra (after slow) — cancelled");
    edited.abort();
    expect(await turn).toBe("All done.");
    const { tasks } = storedMission(bench.project.dir);
    const states = Object.entries(tasks).map(([name, { state }]) => `${name} ${state}`);
    expect(states.sort()).toEqual(["after accepted", "docs accepted", "extra cancelled", "slow accepted"]);
  });
});
