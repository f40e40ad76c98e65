import { expect, test } from "vitest";
import { type Event, MissionEngine, type MissionView, Store, type TaskView } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { only, submitted, task } from "./plans.ts";

test("events, documents and commands belong together, and a mission opened again is the same", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using mission = MissionEngine.open(store, "m1", { attempts: 2, seed: 5 });
  const [, resumed] = mission.submit(1_000, [submitted([task("a"), task("b")]), { type: "resumed" }]);
  const [start] = resumed?.commands ?? [];
  if (start?.type !== "start") throw new Error(`no start in ${JSON.stringify(resumed)}`);
  const { lease } = start;
  mission.submit(1_001, [
    { type: "session_started", lease, session: "s1" },
    { type: "progress", lease },
  ]);

  expect(store.journal<Event>("mission/m1").map((record) => [record.at, record.kind])).toEqual([
    [1_000, "opened"],
    [1_000, "plan_submitted"],
    [1_000, "resumed"],
    [1_001, "session_started"],
  ]);
  const { tasks, leases, ...view } = mission.snapshot();
  expect(leases).toHaveLength(2);
  expect(store.get<MissionView>("mission/m1")?.value).toEqual(view);
  expect(store.scan<TaskView>("mission/m1/task/").map((document) => document.value)).toEqual([...tasks]);

  using again = MissionEngine.open(store, "m1");
  expect(again.snapshot()).toEqual(mission.snapshot());
  expect(again.spec("a")).toMatchObject({ prompt: "Do a.", kind: "task" });
  expect(again.task("a")?.attempts).toBe(2);
});

test("a refused plan leaves no trace, also not of the events beside it", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using mission = MissionEngine.open(store, "m1");
  expect(() =>
    mission.submit(1, [submitted([task("a")]), submitted([task("b", { dependsOn: ["b"] })])]),
  ).toThrow(expect.objectContaining({ code: "ERR_INVALID_PLAN" }));
  expect(mission.snapshot().tasks).toEqual([]);
  expect(store.journal("mission/m1")).toEqual([]);
});

test("two who drive one mission don't both get their commands", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using first = MissionEngine.open(store, "m1");
  using second = MissionEngine.open(store, "m1");
  first.submit(1, [submitted([task("a")])]);
  expect(() => second.submit(2, [submitted([task("b")])])).toThrow(
    expect.objectContaining({
      code: "ERR_JOURNAL",
      message: expect.stringContaining("somebody else drives"),
    }),
  );
  second.submit(3, [submitted([task("b")])]);
  expect(second.snapshot().tasks.map((view) => view.id)).toEqual(["a", "b"]);
  expect(store.audit().ok).toBe(true);
});

test("a failed commit hands out no command, and names the store's reason", () => {
  using folder = temporaryFolder();
  const store = Store.open(folder.file("store.db"));
  using mission = MissionEngine.open(store, "m1");
  store.close();
  expect(() => mission.submit(1, [submitted([task("a")]), { type: "resumed" }])).toThrow(
    expect.objectContaining({ code: "ERR_JOURNAL", details: { cause: "ERR_CLOSED" } }),
  );
});

test("a tick journals what was decided, and nothing when it was a look or nothing", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using mission = MissionEngine.open(store, "m1", { stallTimeoutMs: 1_000 });
  const { lease } = only("start", mission.submit(0, [submitted([task("a")]), { type: "resumed" }]));
  mission.submit(0, [{ type: "session_started", lease, session: "s" }]);
  const length = store.journal("mission/m1").length;
  expect(mission.tick(499)).toEqual([]);
  expect(mission.nextWake()).toBe(500);
  expect(only("poll", mission.tick(500))).toEqual({ type: "poll", lease, session: "s" });
  expect(store.journal("mission/m1")).toHaveLength(length);
  expect(mission.nextWake()).toBe(1_000);
  expect(only("abort", mission.tick(1_000))).toEqual({ type: "abort", lease, session: "s" });
  expect(store.journal("mission/m1").slice(length)).toMatchObject([
    { kind: "stalled", payload: { type: "stalled", lease } },
  ]);
});

test("a mission's id is one word of a key", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  for (const id of ["", "a/b"]) {
    expect(() => MissionEngine.open(store, id)).toThrow(
      expect.objectContaining({ code: "ERR_INVALID_INPUT" }),
    );
  }
  expect(() => MissionEngine.open(JSON.parse("{}"), "m1")).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_INPUT" }),
  );
});
