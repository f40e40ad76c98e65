import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import type { OpenCodeServer } from "../opencode/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { type MissionBench, missionBench, PLUGIN } from "./bench.ts";
import { cast, diligent, type Plan, submit, task } from "./plan.ts";
import { storedMissions } from "./stored.ts";
import { chats, texts } from "./wire.ts";

const MEMORY = join(import.meta.dirname, "../opencode/fixtures/memory-plugin.mjs");
const MB = 1024 * 1024;

const MISSIONS = 10;
/** On a machine that has nothing else to do it takes less than a minute. */
const LONGEST_MS = 400_000;
/** Until then OpenCode is still loading and compiling. */
const WARM = 3;
/** By how much the heap may grow with each mission after that, garbage collected, in bytes. Measured: within 0.2 MB. */
const HEAP_A_MISSION = MB;
/** The same for all of the process's memory, which the allocators keep for a while. Measured: within 1.5 MB. */
const RSS_A_MISSION = 4 * MB;

/** What the process holds after a full collection of garbage. */
interface Memory {
  readonly heap: number;
  readonly rss: number;
  readonly timers: number;
}

async function measured({ project }: MissionBench, server: OpenCodeServer): Promise<Memory> {
  const file = `${await server.session({ title: "measure" })}.json`;
  const read = async () => JSON.parse((await project.read(file).catch(() => "")) || "null") as Memory | null;
  await expect.poll(read, { timeout: 20_000 }).not.toBeNull();
  const memory = await read();
  if (memory === null) throw new Error(`${file} is gone`);
  return memory;
}

const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

test(
  "ten missions in one OpenCode: nothing is held after any of them, no handle and no process is left, and memory stays as it was",
  async () => {
    let number = 0;
    const plan = (): Plan => ({ goal: `Mission ${number}`, tasks: [task(`one${number}`)] });
    const commander = turns([() => submit(plan()), call("run_mission")], { rest: say("Reported.") });
    await using bench = await missionBench(cast(commander, diligent()).otherwise(say("As you say.")), {
      config: { plugin: [PLUGIN, MEMORY] },
    });
    const server = await bench.serve();
    const memories: Memory[] = [];
    const handles: number[] = [];
    for (number = 1; number <= MISSIONS; number += 1) {
      const session = await server.session({ title: `mission ${number}` });
      expect(await server.command(session, "task", `mission ${number}`)).toBe("Reported.");
      await expectQuiet(bench, server);
      await server.command(await server.session({ title: "status" }), "mission", "", { agent: "build" });
      const shown = texts(chats(bench.model, "build").at(-1), "user").at(-1) ?? "";
      expect(shown).toContain("over: accepted");
      expect(shown).toMatch(/^held: nothing$/m);
      memories.push(await measured(bench, server));
      handles.push((await readdir(`/proc/${server.process.pid}/fd`)).length);
    }

    const growth = (of: (memory: Memory) => number) => {
      const [first, last] = [memories.slice(WARM, WARM + 3), memories.slice(-3)];
      return (middle(last.map(of)) - middle(first.map(of))) / (MISSIONS - WARM - 3);
    };
    const figures = memories.map(({ heap, rss }) => `${Math.round(heap / MB)}/${Math.round(rss / MB)}`);
    console.info(`heap/RSS in MB after each mission: ${figures.join(" ")}; handles: ${handles.join(" ")}`);
    expect(growth(({ heap }) => heap)).toBeLessThanOrEqual(HEAP_A_MISSION);
    expect(growth(({ rss }) => rss)).toBeLessThanOrEqual(RSS_A_MISSION);
    expect(new Set(memories.slice(WARM).map(({ timers }) => timers)).size, "timers").toBe(1);
    // Connections that clients keep open come and go.
    expect(Math.min(...handles.slice(-3))).toBeLessThanOrEqual(Math.min(...handles.slice(0, WARM)) + 2);
    expect(storedMissions(bench.project.dir).map(({ view }) => view.outcome)).toEqual(
      handles.map(() => "accepted"),
    );
    // A mission: commander 3, worker 3, the final review 2, and the question how it stands.
    expect(chatCount(bench)).toBeLessThanOrEqual(MISSIONS * 9);
  },
  LONGEST_MS,
);
