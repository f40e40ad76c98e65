import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { call, say, scenario, stall, turns } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer } from "../opencode/index.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { commanding, type Plan, report, task, taskOf } from "./plan.ts";
import { chats, texts } from "./wire.ts";

/** One starts a command and ends, the other starts two and waits for ever. */
const PLAN: Plan = {
  goal: "Side by side",
  tasks: [task("ending", { verify: [] }), task("lasting", { verify: [], depends_on: ["ending"] })],
};
const run = (command: string, more: object = {}) => call("background", { action: "run", command, ...more });

const ending = turns([
  run("sleep 311", { cwd: "../" }),
  run("sleep 311"),
  call("background", { action: "check", id: "bg1" }),
  report("Started it."),
  say("Done."),
]);
/** What it starts does not end when it is asked to. */
const lasting = turns([run("trap '' TERM; sleep 312 & sleep 313; wait"), [say("Let me think"), stall()]]);

describe("a background command", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;

  beforeEach(async () => {
    bench = await missionBench(
      scenario()
        .role("commander", commanding(PLAN))
        .when((turn) => taskOf(turn) === "ending", ending)
        .when((turn) => taskOf(turn) === "lasting", lasting)
        .otherwise(say("As you say.")),
    );
    server = await bench.serve();
  });
  afterEach(() => bench.dispose());

  const sleeping = async () =>
    (await bench.processes())
      .map(({ command }) => command)
      .filter((command) => /^sleep 31\d$/.test(command))
      .sort();

  /** A mission whose first task has ended, and whose second one runs its commands. */
  async function inTheMiddle(): Promise<string> {
    const session = await server.session({ title: "background" });
    server.command(session, "task", "run beside").catch(() => undefined);
    await expect.poll(sleeping, { timeout: 60_000 }).toEqual(["sleep 312", "sleep 313"]);
    return session;
  }

  test("ends with its task, and with /stop; a folder outside of the project is refused", async () => {
    const session = await inTheMiddle();
    const [outside, ran, checked] = texts(
      chats(bench.model, "worker").findLast((request) => taskOf(request) === "ending"),
      "tool",
    );
    expect(outside).toBe("Refused (ERR_ARGUMENTS): cwd ../ is outside of the project");
    expect(ran).toMatch(/^bg1: running, \d/);
    expect(checked).toMatch(/^bg1: running, .* s: sleep 311$/);

    await server.command(session, "stop", "");
    await expect.poll(sleeping, { timeout: 10_000 }).toEqual([]);
  });

  test("ends when OpenCode closes the project", async () => {
    await inTheMiddle();
    await server.client.instance.dispose();
    await expect.poll(sleeping, { timeout: 10_000 }).toEqual([]);
  });

  test("ends when OpenCode is killed", async () => {
    await inTheMiddle();
    server.process.signalLeader("SIGKILL");
    await server.process.ended;
    await expect.poll(sleeping, { timeout: 10_000 }).toEqual([]);
  });
});
