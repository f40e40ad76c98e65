import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task, taskOf, write } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

const PLAN: Plan = { goal: "Asks first", tasks: [task("asks", { verify: [] })] };

/** The user has every command of the shell asked for. */
const ASK = { config: { permission: { bash: "ask" } } };

const COMMAND = "echo allowed > asks.txt";
const asking = call("bash", { command: COMMAND, description: "Write it" });

const STALL_MS = 8_000;

describe("a worker that asks for a permission (complaint 4)", () => {
  test("with nobody there it is refused, hears of it, and goes on without", async () => {
    // A refusal ends the turn: the next message starts the next one.
    const worker = turns([asking, write, (turn) => report("Done without.", [`${taskOf(turn)}.txt`])], {
      rest: say("Done."),
    });
    await using bench = await missionBench(cast(commanding(PLAN), worker), ASK);
    const { code, stderr } = await bench.run("ask nobody", { command: "task" });
    expect(code, stderr).toBe(0);

    expect(await bench.project.read("asks.txt")).toBe("made by asks\n");
    const told = texts(chats(bench.model, "worker")[1], "user").at(-1);
    expect(told).toContain(`You were refused: bash (${COMMAND})`);
    const { view, tasks } = storedMission(bench.project.dir);
    expect(view.outcome).toBe("accepted");
    // It is not the worker's fault: no attempt is used by it.
    expect(tasks["asks"]).toMatchObject({ state: "accepted", attempt: 1 });
    // Commander 3, worker 4, the final review 2.
    expect(chatCount(bench)).toBeLessThanOrEqual(9);
    await expectNoProcess(bench);
  });

  test("with somebody there the question is told by the task's name, its clock stands, and the answer lets it go on", async () => {
    const worker = turns([asking, report("Done.", ["asks.txt"]), say("Done.")]);
    await using bench = await missionBench(cast(commanding(PLAN), worker), ASK);
    await bench.project.write(".orchestrator/settings.jsonc", `{ "stallTimeoutMs": ${STALL_MS} }`);
    const server = await bench.serve();
    const session = await server.session({ title: "asks" });
    const mission = server.command(session, "task", "ask somebody");

    const toast = await server.waitForEvent(
      ({ type, properties }) =>
        type === "tui.toast.show" && JSON.stringify(properties).includes("permission"),
    );
    expect(JSON.stringify(toast.properties)).toContain(
      `Task asks waits for your permission: bash (${COMMAND}). Its clock stands until you answer.`,
    );
    const { properties } = await server.waitForEvent(({ type }) => type === "permission.asked");
    const { id, sessionID } = properties as { readonly id: string; readonly sessionID: string };
    await sleep(STALL_MS * 1.5);
    expect(storedMission(bench.project.dir).tasks["asks"]).toMatchObject({ state: "running", attempt: 1 });

    await server.client.postSessionIdPermissionsPermissionId({
      path: { id: sessionID, permissionID: id },
      body: { response: "once" },
      throwOnError: true,
    });
    expect(await mission).toBe("Reported to the user.");
    await expectQuiet(bench, server);
    expect(await bench.project.read("asks.txt")).toBe("allowed\n");
    const { view, tasks } = storedMission(bench.project.dir);
    expect(view.outcome).toBe("accepted");
    expect(tasks["asks"]).toMatchObject({ state: "accepted", attempt: 1 });
    // Commander 3, worker 3, the final review 2.
    expect(chatCount(bench)).toBeLessThanOrEqual(8);
  });
});
