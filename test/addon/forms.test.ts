/** The types of ts/engine against what Rust takes and gives: one of each, both ways. */
import { expect, test } from "vitest";
import {
  type Event,
  type EventType,
  type Finding,
  MissionEngine,
  Scheduler,
  type SchedulerConfig,
  Store,
  type TaskSpec,
} from "../../ts/engine/index.ts";
import {
  BUDGET,
  COMMANDS,
  COUNTS,
  EVENT_FIELDS,
  FINDING_FIELDS,
  LEASE,
  LESSON,
  MODEL,
  OUTCOME,
  REASONS,
  SNAPSHOT,
  TASK,
  TRIED,
  USAGE,
  VERIFICATION,
} from "./fields.ts";
import { temporaryFolder } from "./folders.ts";
import { type Played, play } from "./play.ts";
import { playStragglers } from "./play-stragglers.ts";
import { differences, differencesByType } from "./shapes.ts";

const SPEC: Required<TaskSpec> = {
  id: "a",
  title: "A",
  prompt: "Do it.",
  agent: "worker",
  role: "worker",
  files: ["src/**"],
  dependsOn: [],
  verify: ["true"],
  review: true,
  priority: "high",
  kind: "task",
};
const CONFIG: SchedulerConfig = {
  lanes: { planner: 1, worker: 2, reviewer: 3 },
  attempts: 4,
  stallTimeoutMs: 5,
  taskTimeoutMs: 6,
  review: "always",
  models: { worker: ["test/worker"], reviewer: ["test/reviewer"] },
  budget: { tokens: 1e6, microUsd: 1e6, runningMs: 1e9, calls: 1e3, children: 99 },
  seed: 7,
};
const FINDING: Finding = { file: "a.ts", line: 1, severity: "high", message: "no" };

/** Of every event the fullest form and, where fields are optional, the barest. */
const EVENTS: { readonly [T in EventType]: readonly Extract<Event, { type: T }>[] } = {
  opened: [{ type: "opened", config: CONFIG, rules: 1 }],
  plan_submitted: [
    { type: "plan_submitted", plan: { goal: "g", tasks: [SPEC], verify: ["true"] } },
    {
      type: "plan_submitted",
      plan: { tasks: [{ id: "b", title: "B", prompt: "p", agent: "x", role: "planner" }] },
    },
  ],
  amended: [
    { type: "amended", revision: 1, items: [{ id: "a", status: "cancelled", title: "A" }] },
    { type: "amended", items: [{ id: "a" }] },
  ],
  delegated: [
    { type: "delegated", task: { ...SPEC, id: "d", kind: "delegation" }, continueSession: "s" },
    { type: "delegated", task: { ...SPEC, id: "e", kind: "delegation" }, continueSession: undefined },
  ],
  resumed: [{ type: "resumed" }],
  paused: [{ type: "paused", reason: "r" }],
  interrupted: [{ type: "interrupted" }],
  cancelled: [
    { type: "cancelled", task: "a", reason: "r" },
    { type: "cancelled", reason: "r" },
  ],
  session_started: [{ type: "session_started", lease: 1, session: "s" }],
  progress: [{ type: "progress", lease: 1 }],
  clock_stopped: [{ type: "clock_stopped", lease: 1 }],
  clock_started: [{ type: "clock_started", lease: 1 }],
  session_idle: [
    { type: "session_idle", lease: 1, turn: 1, text: "t", fingerprint: { diff: "d", error: "e", call: "c" } },
    { type: "session_idle", lease: 1, fingerprint: {} },
    { type: "session_idle", lease: 1 },
  ],
  tool_repeated: [
    { type: "tool_repeated", lease: 1, turn: 1, call: "c", times: 3 },
    { type: "tool_repeated", lease: 1, call: "c", times: 1 },
  ],
  provider_retrying: [
    { type: "provider_retrying", lease: 1, turn: 1, message: "m", nextMs: 5 },
    { type: "provider_retrying", lease: 1, message: "m" },
  ],
  session_error: [
    { type: "session_error", lease: 1, turn: 1, kind: "rate_limit", message: "m", retryAfterMs: 5 },
    ...(
      [
        "overloaded",
        "timeout",
        "context_overflow",
        "auth",
        "quota",
        "refusal",
        "bad_tool_call",
        "gone",
        "aborted",
        "unknown",
      ] as const
    ).map((kind) => ({ type: "session_error", lease: 1, kind, message: "m" }) as const),
  ],
  task_reported: [
    { type: "task_reported", lease: 1, turn: 1, status: "done", summary: "s", evidence: ["e"], files: ["f"] },
    { type: "task_reported", lease: 1, status: "blocked", summary: "s" },
    { type: "task_reported", lease: 1, status: "failed", summary: "s" },
  ],
  verified: [
    { type: "verified", task: "a", attempt: 1, passed: true, report: "r", fingerprint: { diff: "d" } },
    { type: "verified", task: "a", attempt: 1, copy: 2, passed: true, report: "r" },
    { type: "verified", attempt: 1, passed: false, report: "r" },
  ],
  scope_violated: [
    { type: "scope_violated", task: "a", attempt: 1, files: ["f"] },
    { type: "scope_violated", task: "a", attempt: 1, copy: 2, files: ["f"] },
  ],
  decided: (["accept", "retry", "fail"] as const).map(
    (decision) => ({ type: "decided", task: "a", decision, reason: "r" }) as const,
  ),
  scope_requested: [
    { type: "scope_requested", lease: 1, turn: 1, files: ["f"], reason: "r" },
    { type: "scope_requested", lease: 1, files: [], reason: "r" },
  ],
  scope_decided: [{ type: "scope_decided", task: "a", granted: true, reason: "r" }],
  commander_idle: [{ type: "commander_idle", session: "s", edge: "e" }],
  continue_accepted: [{ type: "continue_accepted", edge: "e" }],
  continue_failed: [{ type: "continue_failed", edge: "e", message: "m" }],
  user_spoke: [{ type: "user_spoke" }],
  reviewed: [
    {
      type: "reviewed",
      lease: 1,
      turn: 1,
      verdict: "reject",
      findings: [FINDING, { severity: "low", message: "m" }],
    },
    { type: "reviewed", lease: 1, verdict: "approve", voided: true },
    { type: "reviewed", lease: 1, verdict: "approve" },
  ],
  used: [
    { type: "used", lease: 1, usage: { tokens: 1, microUsd: 2, calls: 3 } },
    { type: "used", usage: { tokens: 1, microUsd: 2, calls: 3, runningMs: 0, children: 0 } },
  ],
  budget_set: [
    { type: "budget_set", budget: { tokens: 1, microUsd: 1, runningMs: 1, calls: 1, children: 1 } },
    { type: "budget_set", budget: {} },
  ],
  pressure_rose: [{ type: "pressure_rose", percent: 90 }],
  pressure_fell: [{ type: "pressure_fell", percent: 60 }],
  budget_due: [{ type: "budget_due" }],
  probe_due: [{ type: "probe_due", model: "a/b" }, { type: "probe_due" }],
  stalled: [{ type: "stalled", lease: 1 }],
  timed_out: [{ type: "timed_out", lease: 1 }],
  straggled: [{ type: "straggled", lease: 1 }],
  retry_due: [{ type: "retry_due", task: "a" }, { type: "retry_due" }],
  poll_due: [{ type: "poll_due" }],
};

test("every form of every event is read", () => {
  for (const event of Object.values(EVENTS).flat()) {
    using scheduler = new Scheduler();
    expect(() => scheduler.handle(1, [event]), JSON.stringify(event)).not.toThrow(
      expect.objectContaining({ code: "ERR_INVALID_INPUT" }),
    );
  }
});

test("events stand in the journal as they were submitted", () => {
  const { journal, submitted } = whole();
  const plain = (events: readonly Event[]) => events.map((event) => JSON.parse(JSON.stringify(event)));
  expect(
    journal.filter(
      (event) => !["opened", "stalled", "straggled", "retry_due", "probe_due"].includes(event.type),
    ),
  ).toEqual(plain(submitted.filter((event) => event.type !== "progress")));
  expect(
    differencesByType("event", EVENT_FIELDS, [
      ...journal,
      ...EVENTS.progress,
      ...EVENTS.timed_out,
      ...EVENTS.budget_due,
      ...EVENTS.poll_due,
    ]),
  ).toEqual([]);
});

test("commands, outcomes and reasons have the fields of their types", () => {
  const { outcomes } = whole();
  const commands = outcomes.flatMap((outcome) => outcome.commands);
  const reasons = commands.flatMap((command) =>
    (command.type === "prompt" || command.type === "start") && command.reason !== undefined
      ? [command.reason]
      : [],
  );
  const tried = reasons.flatMap((reason) => (reason.type === "stagnating" ? reason.tried : []));
  const lessons = commands.flatMap((command) => (command.type === "start" ? (command.lessons ?? []) : []));
  const findings = reasons.flatMap((reason) => (reason.type === "review_rejected" ? reason.findings : []));
  expect([
    ...differences("outcome", OUTCOME, outcomes),
    ...differencesByType("command", COMMANDS, commands),
    ...differencesByType("reason", REASONS, reasons),
    ...differences("finding", FINDING_FIELDS, findings),
    ...differences("tried", TRIED, tried),
    ...differences("lesson", LESSON, lessons),
    ...differences(
      "lane",
      { role: "needed", index: "needed" },
      commands.flatMap((c) => ("lane" in c ? [c.lane] : [])),
    ),
  ]).toEqual([]);
  const notices = commands.flatMap((command) => (command.type === "notify" ? [command.kind] : []));
  expect(new Set(notices)).toEqual(
    new Set([
      "task_accepted",
      "task_failed",
      "task_blocked",
      "needs_decision",
      "limit_changed",
      "model_paused",
      "model_resumed",
      "memory_pressure",
      "second_attempt",
    ]),
  );
});

test("snapshots and views have the fields of their types", () => {
  const { snapshots } = whole();
  const tasks = snapshots.flatMap((snapshot) => snapshot.tasks);
  const checks = tasks.flatMap((view) => (view.verification === undefined ? [] : [view.verification]));
  expect([
    ...differences("snapshot", SNAPSHOT, snapshots),
    ...differences("task", TASK, tasks),
    ...differences(
      "lease",
      LEASE,
      snapshots.flatMap((snapshot) => snapshot.leases),
    ),
    ...differences(
      "counts",
      COUNTS,
      snapshots.map((snapshot) => snapshot.counts),
    ),
    ...differences("verification", VERIFICATION, checks),
    ...differences(
      "model",
      MODEL,
      snapshots.flatMap((snapshot) => snapshot.models),
    ),
    ...differences(
      "used",
      USAGE,
      snapshots.flatMap((snapshot) => [snapshot.used, snapshot.reserved]),
    ),
    ...differences(
      "budget",
      BUDGET,
      snapshots.map((snapshot) => snapshot.budget),
    ),
  ]).toEqual([]);
  expect(new Set(tasks.map((view) => view.state))).toEqual(new Set(Object.keys(COUNTS)));
  expect(new Set(snapshots.map((snapshot) => snapshot.phase))).toEqual(
    new Set(["planning", "running", "paused", "deciding", "verifying", "sealing", "done"]),
  );
});

test("a specification comes back with every default filled in", () => {
  using scheduler = new Scheduler();
  scheduler.handle(1, [EVENTS.plan_submitted[0] as Event, EVENTS.plan_submitted[1] as Event]);
  expect(scheduler.spec("a")).toEqual(SPEC);
  expect(Object.keys(scheduler.spec("b") ?? {}).sort()).toEqual(Object.keys(SPEC).sort());
  expect(scheduler.spec("c")).toBeUndefined();
});

let played: Played | undefined;
/** One mission in which everything happens, played once. */
function whole(): Played {
  if (played === undefined) {
    using folder = temporaryFolder();
    using store = Store.open(folder.file("store.db"));
    using mission = MissionEngine.open(store, "m", {
      ...CONFIG,
      review: "plan",
      models: { worker: ["test/worker", "test/other"], reviewer: ["test/reviewer"] },
      attempts: 9,
      stallTimeoutMs: 1_000,
      taskTimeoutMs: 60_000,
    });
    using second = MissionEngine.open(store, "stragglers", {
      ...CONFIG,
      budget: {},
      lanes: { planner: 1, worker: 5, reviewer: 1 },
      review: "never",
      stallTimeoutMs: 60_000,
      taskTimeoutMs: 60_000,
      speculation: true,
    });
    const [first, stragglers] = [play(store, mission), playStragglers(store, second)];
    played = {
      submitted: [...first.submitted, ...stragglers.submitted],
      outcomes: [...first.outcomes, ...stragglers.outcomes],
      snapshots: [...first.snapshots, ...stragglers.snapshots],
      journal: [...first.journal, ...stragglers.journal],
    };
  }
  return played;
}
