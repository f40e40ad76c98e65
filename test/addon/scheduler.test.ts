import { expect, test } from "vitest";
import { EngineError, Scheduler } from "../../ts/engine/index.ts";
import { only, submitted, task } from "./plans.ts";
import { thrownBy } from "./thrown.ts";

test("a plan's tasks start in the order of their dependencies, and the mission ends accepted", () => {
  using scheduler = new Scheduler({ review: "never" });
  scheduler.handle(1_000, [submitted([task("a"), task("b", { dependsOn: ["a"] })])]);
  let outcomes = scheduler.handle(1_000, [{ type: "resumed" }]);
  for (const id of ["a", "b"]) {
    const { lease, turn, task: started } = only("start", outcomes);
    expect(started).toBe(id);
    scheduler.handle(1_001, [{ type: "session_started", lease, session: `session-${id}` }]);
    const reported = scheduler.handle(1_002, [
      { type: "task_reported", lease, turn, status: "done", summary: "Done.", evidence: [], files: ["x.ts"] },
      { type: "session_idle", lease, turn },
    ]);
    expect(only("verify", reported)).toEqual({
      type: "verify",
      task: id,
      attempt: 1,
      commands: [],
      files: ["x.ts"],
      reviewFollows: false,
    });
    outcomes = scheduler.handle(1_003, [
      { type: "verified", task: id, attempt: 1, passed: true, report: "ok" },
    ]);
  }
  expect(only("finish", outcomes).outcome).toBe("accepted");
  expect(scheduler.snapshot()).toMatchObject({ phase: "done", outcome: "accepted", counts: { accepted: 2 } });
});

test("every problem of a plan is thrown at once, each with its path, and nothing is changed", () => {
  using scheduler = new Scheduler();
  const plan = submitted([task("x1"), task("x1"), task("y", { dependsOn: ["x2"], prompt: "" })]);
  const error = thrownBy(() => scheduler.handle(1, [plan]));
  expect(EngineError.is(error, "ERR_INVALID_PLAN")).toBe(true);
  if (!EngineError.is(error)) return;
  const problems = error.details.problems ?? [];
  expect(problems.map((problem) => problem.path)).toEqual(
    expect.arrayContaining(["tasks[1].id", "tasks[2].prompt", "tasks[2].depends_on[0]"]),
  );
  expect(error.message).toContain('did you mean "x1"?');
  expect(scheduler.snapshot().tasks).toEqual([]);
  if (plan.type === "plan_submitted") expect(scheduler.check(plan.plan)).toEqual(problems);
});

test("a wrong setting, event or argument is named", () => {
  expect(thrownBy(() => new Scheduler({ attempts: 0 }))).toMatchObject({
    code: "ERR_INVALID_CONFIG",
    details: { problems: [{ path: "attempts" }] },
  });
  expect(thrownBy(() => new Scheduler(JSON.parse('{"lane":1}')))).toMatchObject({
    code: "ERR_INVALID_CONFIG",
  });
  using scheduler = new Scheduler();
  for (const [call, says] of [
    [() => scheduler.handle(1, JSON.parse('[{"type":"nope"}]')), "unknown variant `nope`"],
    [
      () => scheduler.handle(1, JSON.parse('[{"type":"progress","lease":1,"more":2}]')),
      "unknown field `more`",
    ],
    [() => scheduler.handle(1, JSON.parse('[{"type":"paused"}]')), "missing field `reason`"],
    [() => scheduler.handle(Number.NaN, []), "NaN"],
    [() => scheduler.handle(-1, []), "-1"],
    [() => scheduler.task(JSON.parse("7")), "String"],
  ] as const) {
    const error = thrownBy(call);
    expect(error).toMatchObject({ code: "ERR_INVALID_INPUT" });
    expect(String(error)).toContain(says);
  }
});

test("an event that makes no sense is ignored with the reason", () => {
  using scheduler = new Scheduler();
  const [outcome] = scheduler.handle(1, [{ type: "session_idle", lease: 99 }]);
  expect(outcome?.commands).toEqual([]);
  expect(outcome?.ignored).toContain("99");
});

test("time brings a stall about, when it is due and not before", () => {
  using scheduler = new Scheduler({ stallTimeoutMs: 5_000 });
  const outcomes = scheduler.handle(0, [submitted([task("a")]), { type: "resumed" }]);
  const { lease } = only("start", outcomes);
  scheduler.handle(0, [{ type: "session_started", lease, session: "s" }]);
  expect(scheduler.nextWake()).toBe(500);
  expect(scheduler.due(499)).toEqual([]);
  expect(scheduler.due(4_999)).toEqual([{ type: "poll_due" }]);
  expect(scheduler.due(5_000)).toEqual([{ type: "stalled", lease }, { type: "poll_due" }]);
  expect(only("abort", scheduler.handle(5_000, scheduler.due(5_000)))).toMatchObject({ session: "s" });
});

test("a lease is found by its number and by its session, while it lives", () => {
  using scheduler = new Scheduler();
  const { lease } = only("start", scheduler.handle(0, [submitted([task("a")]), { type: "resumed" }]));
  scheduler.handle(0, [{ type: "session_started", lease, session: "s" }]);
  expect(scheduler.lease(lease)).toMatchObject({
    lease,
    purpose: "work",
    task: "a",
    session: "s",
    running: true,
  });
  expect(scheduler.leaseOfSession("s")).toEqual(scheduler.lease(lease));
  expect(scheduler.leaseOfSession("other")).toBeUndefined();
  scheduler.handle(1, [{ type: "cancelled", reason: "enough" }]);
  expect(scheduler.lease(lease)).toBeUndefined();
  expect(scheduler.task("a")).toMatchObject({ state: "cancelled" });
  expect(scheduler.task("b")).toBeUndefined();
});

test("after disposal there is an error, not a crash", () => {
  const scheduler = new Scheduler();
  scheduler[Symbol.dispose]();
  expect(thrownBy(() => scheduler.snapshot())).toMatchObject({ code: "ERR_CLOSED" });
});

test("the same seed and events give the same commands", () => {
  const play = () => {
    using scheduler = new Scheduler({ seed: 7, lanes: { planner: 1, worker: 3, reviewer: 1 } });
    const tasks = Array.from({ length: 50 }, (_, i) => task(`t${i}`, { priority: i % 2 ? "high" : "low" }));
    return scheduler.handle(0, [submitted(tasks), { type: "resumed" }]);
  };
  expect(play()).toEqual(play());
});
