import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { platformPackage } from "../../ts/engine/index.ts";
import { call, say, scenario, turns } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer } from "../opencode/index.ts";
import { type MissionBench, missionBench } from "./bench.ts";
import { DIAMOND, submit } from "./plan.ts";
import { chats, lastResult, texts } from "./wire.ts";

const MISSING = join(import.meta.dirname, "no-such-addon.node");
const HOW_TO_FIX = `npm install ${platformPackage()}`;

describe("without the native engine", () => {
  let bench: MissionBench;
  let server: OpenCodeServer;

  beforeAll(async () => {
    const commander = turns([submit(DIAMOND), call("run_mission")], { rest: say("It can't be done here.") });
    bench = await missionBench(scenario().role("commander", commander).otherwise(say("Hello.")), {
      env: { ORCHESTRATOR_NATIVE_PATH: MISSING },
    });
    server = await bench.serve();
  });
  afterAll(() => bench.dispose());

  test("OpenCode starts and answers a plain prompt", async () => {
    const session = await server.session({ title: "plain" });
    expect(await server.prompt(session, "hello")).toBe("Hello.");
  });

  test("/task and our tools say what was tried and how to fix it, and the session goes on", async () => {
    const session = await server.session({ title: "mission" });
    expect(await server.command(session, "task", "anything")).toBe("It can't be done here.");
    const [told, afterSubmit, afterRun] = chats(bench.model, "commander");
    for (const text of [texts(told, "user").join("\n"), lastResult(afterSubmit), lastResult(afterRun)]) {
      expect(text).toContain("ERR_ADDON_NOT_FOUND");
      expect(text).toContain(MISSING);
      expect(text).toContain(HOW_TO_FIX);
    }
    expect(await server.prompt(session, "and now?", { agent: "commander" })).toBe("It can't be done here.");
  });
});
