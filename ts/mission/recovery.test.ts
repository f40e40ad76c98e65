import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Store } from "../engine/index.ts";
import { FakeHost } from "../host/fake.ts";
import { contribute } from "./contribution.ts";
import { STATE_FOLDER, STORE_FILE } from "./orchestrator.ts";
import { cleanUp, done, hang, project, task, taskOf, USER } from "./project.fixture.ts";

describe("a mission", () => {
  it("outlives its process: told of at the next start, it goes on in the same sessions and redoes nothing", async () => {
    const {
      host,
      commander,
      restart,
      task: open,
      prompts,
    } = await project({
      worker: async (turn) => {
        if (taskOf(turn.text) === "slow" && turn.number === 1) return hang(turn);
        return done(turn);
      },
    });
    await open("outlive");
    await commander("submit_plan", {
      goal: "g",
      tasks: [task("quick"), task("slow"), task("last", { depends_on: ["quick", "slow"] })],
    });
    const cut = commander("run_mission").catch((error: unknown) => String(error));
    await expect.poll(() => prompts("worker").length).toBe(2);
    await expect
      .poll(async () => (await commander("tasks", { action: "list" })).includes("accepted"))
      .toBe(true);
    await restart();
    expect(await cut).toContain("OpenCode is closing");
    await expect
      .poll(() => host.toasts, { timeout: 5_000 })
      .toContainEqual(
        expect.stringContaining('Unfinished mission "outlive": 1 of 3 tasks accepted. /resume goes on'),
      );
    expect((await host.command(USER, "resume")).prompt).toMatch(
      /^The mission goes on: outlive[\s\S]*- quick .*: accepted/,
    );
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    const slow = prompts("worker").filter(({ session }) => session === prompts("worker")[1]?.session);
    expect(slow.map(({ text }) => text)).toEqual([
      expect.stringContaining("Task slow"),
      expect.stringMatching(/OpenCode was closed[\s\S]*attempt 1 of 3/),
    ]);
    expect(prompts("worker").filter(({ text }) => text.startsWith("Task quick"))).toHaveLength(1);
  });

  it("tells a session the whole task where the process ended before the first message reached it", async () => {
    const { host, commander, restart, task: open, prompts } = await project({ worker: done });
    await open("unheard");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    const prompt = vi.spyOn(host, "prompt").mockReturnValueOnce(new Promise(() => undefined));
    const cut = commander("run_mission").catch((error: unknown) => String(error));
    await expect.poll(() => prompt.mock.calls.length).toBe(1);
    await restart();
    await cut;
    await host.command(USER, "resume");
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    expect(prompts("worker").map(({ session, text }) => [session, text])).toEqual([
      [
        prompt.mock.calls[0]?.[0].session,
        expect.stringMatching(/^Task a: [\s\S]*Do a[\s\S]*OpenCode was closed/),
      ],
    ]);
  });

  it("goes on by itself where the settings say so, and is led from another session where /resume is called there", async () => {
    const {
      host,
      commander,
      restart,
      task: open,
      prompts,
    } = await project(
      { worker: done, commander: async ({ call }) => (await call("run_mission")).output },
      { resume: "auto", review: "never" },
    );
    await open("auto");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    await restart();
    await expect.poll(() => prompts("commander").length, { timeout: 5_000 }).toBe(1);
    expect(prompts("commander")[0]?.text).toContain("The mission goes on: auto");
    await expect.poll(async () => (await host.lastTurn(USER)).text).toMatch(/^The mission is over: accepted/);

    await open("elsewhere");
    await commander("submit_plan", { goal: "the goal", tasks: [task("b")] });
    await restart();
    host.open("another");
    expect((await host.command("another", "resume")).prompt).toContain("Another session began it. the goal");
    const { output } = await host.call("another", "commander", "run_mission");
    expect(output).toMatch(/^The mission is over: accepted/);
    expect((await host.command("another", "resume")).prompt).toContain("there is no unfinished mission");
  });

  it("is shown and not driven by a second OpenCode, which starts no other beside it", async () => {
    const { host, directory, commander, task: open } = await project({ worker: hang });
    await open("driven");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    void commander("run_mission").catch(() => undefined);
    const second = new FakeHost(directory, {});
    second.open(USER);
    const contribution = await second.start(contribute);
    cleanUp.push(() => contribution.dispose());
    const driven = new RegExp(`driven by another OpenCode in this project \\(process ${process.pid}\\)`);
    expect((await second.command(USER, "mission")).prompt).toContain(
      `Another OpenCode in this project drives it (process ${process.pid}).`,
    );
    for (const command of ["resume", "stop", "task"])
      expect((await second.command(USER, command, command === "task" ? "more" : "")).prompt).toMatch(driven);
    await expect.poll(() => host.busy.length).toBe(1);
    expect((await host.command(USER, "stop")).prompt).toContain("The mission was stopped");
    expect((await second.command(USER, "task", "now")).prompt).toBe("now");
  });

  it("that was left can be stopped without going on with it", async () => {
    const { host, commander, restart, task: open, prompts } = await project({ worker: done });
    await open("left");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    await restart();
    expect((await host.command(USER, "stop")).prompt).toContain("The mission was stopped by the user");
    expect((await host.command(USER, "stop")).prompt).toContain("There is no mission to stop");
    expect(prompts("worker")).toEqual([]);
  });
});

/** Text in the place of a project's store. */
function damage(directory: string): string {
  const path = join(directory, STATE_FOLDER, STORE_FILE);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, DAMAGED);
  return path;
}

const DAMAGED = "This is no database, but a text of some length.\n".repeat(200);

describe("a damaged store", () => {
  it("is set aside with a dated name, and the user is told by toast, log and /task", async () => {
    const { host, directory, task: open } = await project({});
    const path = damage(directory);
    const { prompt } = await open("go on");
    const aside = readdirSync(dirname(path)).find((name) => name.startsWith(`${STORE_FILE}.damaged-`)) ?? "";
    expect(aside).toMatch(/\.damaged-\d{4}-\d\d-\d\dT/);
    expect(readFileSync(join(dirname(path), aside), "utf8")).toBe(DAMAGED);
    for (const told of [prompt, host.toasts.join(), host.logs.join()])
      expect(told).toContain(`set aside as ${join(dirname(path), aside)}`);
    expect(prompt).toMatch(/^go on\n/);
    expect((await host.command(USER, "mission")).prompt).toContain("go on");
    expect((await open("more")).prompt).toBe("more");
  });
});

describe("a store of a newer version", () => {
  it("is refused with what to do, at the start and at /task, and is not touched", async () => {
    const { host, directory, restart, task: open } = await project({});
    await open("make a store");
    await host.command(USER, "stop");
    const path = join(directory, STATE_FOLDER, STORE_FILE);
    await restart();
    const file = readFileSync(path);
    // The place of `user_version` in SQLite's header; the store was closed, so its log is empty.
    file.writeUInt32BE(9999, 60);
    writeFileSync(path, file);
    const before = readFileSync(path);
    expect((await open("go on")).prompt).toContain("ERR_STORE_NEWER_SCHEMA");
    await expect.poll(() => host.toasts.join(), { timeout: 5_000 }).toContain("9999");
    expect(readFileSync(path)).toEqual(before);
  });
});

describe("old versions", () => {
  it("are collected when the next mission opens, and no mission, journal or chain is lost", async () => {
    const { host, directory, commander, task: open } = await project({ worker: done }, { review: "never" });
    await open("first");
    const path = join(directory, STATE_FOLDER, STORE_FILE);
    using store = Store.open(path);
    const early = store.snapshot().version;
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    const [id] = store.scan<{ id: string }>("brief/").map(({ value }) => value.id);
    const journal = store.journal(`mission/${id}`);
    expect(journal.length).toBeGreaterThan(3);
    store.at(early)[Symbol.dispose]();
    await open("second");
    expect(() => store.at(early)).toThrow(expect.objectContaining({ code: "ERR_STORE_COLLECTED" }));
    expect(store.journal(`mission/${id}`)).toEqual(journal);
    expect(store.scan("brief/")).toHaveLength(2);
    expect(store.get<{ outcome: string }>(`mission/${id}`)?.value.outcome).toBe("accepted");
    expect(store.audit()).toMatchObject({ ok: true, faults: [] });
    expect((await host.command(USER, "mission")).prompt).toContain("second");
  });
});
