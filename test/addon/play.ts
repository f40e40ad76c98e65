import type {
  Command,
  CommandType,
  Event,
  MissionEngine,
  Outcome,
  Snapshot,
  Store,
  TaskSpec,
} from "../../ts/engine/index.ts";
import { submitted, task } from "./plans.ts";

/** All that came and went in a mission. */
export interface Played {
  readonly submitted: readonly Event[];
  readonly outcomes: readonly Outcome[];
  readonly snapshots: readonly Snapshot[];
  readonly journal: readonly Event[];
}

/**
 * Plays a mission in which everything happens that can: every kind of event, command, prompt and notice, every state and
 * phase.
 */
export function play(store: Store, mission: MissionEngine): Played {
  const said: Event[] = [];
  const outcomes: Outcome[] = [];
  const snapshots: Snapshot[] = [];
  let now = 1_000;

  const keep = (more: Outcome[]) => {
    outcomes.push(...more);
    snapshots.push(mission.snapshot());
  };
  const say = (...events: Event[]) => {
    for (const event of events) {
      said.push(event);
      keep(mission.submit(++now, [event]));
    }
  };
  /** Lets time pass until it brings more than a look at the sessions. */
  const wait = () => {
    let ticked: readonly Outcome[];
    do {
      const wake = mission.nextWake();
      if (wake === null) throw new Error("nothing is waited for");
      now = wake;
      ticked = mission.tick(now);
      keep([...ticked]);
    } while (ticked.every(({ commands }) => commands.every(({ type }) => type === "poll")));
  };
  /** The last command of a type. */
  const last = <T extends CommandType>(type: T): Extract<Command, { type: T }> => {
    const found = outcomes
      .flatMap((outcome) => outcome.commands)
      .findLast((command): command is Extract<Command, { type: T }> => command.type === type);
    if (found === undefined) throw new Error(`no command ${type} yet`);
    return found;
  };
  /** The last command that started a task. */
  const started = (id: string): Extract<Command, { type: "start" }> => {
    const found = outcomes
      .flatMap((outcome) => outcome.commands)
      .findLast((command) => command.type === "start" && command.task === id);
    if (found?.type !== "start") throw new Error(`${id} was not started yet`);
    return found;
  };
  const done = (lease: number, turn: number) => {
    say(
      {
        type: "task_reported",
        lease,
        turn,
        status: "done",
        summary: "Done.",
        evidence: ["seen"],
        files: ["a.ts"],
      },
      { type: "session_idle", lease, turn, text: "Done." },
    );
  };
  const verified = (passed: boolean) => {
    const { task: id, attempt } = last("verify");
    const whose = id === undefined ? {} : { task: id };
    say({ type: "verified", ...whose, attempt, passed, report: passed ? "ok" : "1 failed" });
  };
  const reviewed = (verdict: "approve" | "reject") => {
    const { lease, turn } = last("review");
    say(
      {
        type: "reviewed",
        lease,
        turn,
        verdict,
        findings: [{ file: "a.ts", line: 3, severity: "high", message: "wrong" }],
      },
      { type: "session_idle", lease, turn },
    );
  };

  const tasks = [
    spec("a", { review: true, verify: ["npm test"] }),
    spec("b", { dependsOn: ["a"] }),
    spec("c", { dependsOn: ["b"] }),
  ];
  say(submitted(tasks, { verify: ["npm run check"] }), { type: "resumed" });
  // Ignored, and so not journaled.
  keep(mission.submit(now, [{ type: "session_idle", lease: 99 }]));
  const a = last("start").lease;
  say({ type: "session_started", lease: a, session: "session-a" });
  say(
    { type: "clock_stopped", lease: a },
    { type: "clock_started", lease: a },
    { type: "progress", lease: a },
  );

  // a goes wrong in every way there is a prompt for.
  say({ type: "session_idle", lease: a, turn: last("start").turn, refused: ["bash (npm ci)"] });
  say({ type: "session_idle", lease: a, turn: last("prompt").turn, text: "Hm." });
  say({
    type: "task_reported",
    lease: a,
    turn: last("prompt").turn,
    status: "failed",
    summary: "No luck.",
    evidence: [],
    files: [],
  });
  say({ type: "session_idle", lease: a, turn: last("prompt").turn });
  done(a, last("prompt").turn);
  verified(false);
  say({
    type: "session_error",
    lease: a,
    turn: last("prompt").turn,
    kind: "rate_limit",
    message: "429",
    retryAfterMs: 200,
  });
  wait();
  done(a, last("prompt").turn);
  verified(true);
  const review = last("review").lease;
  say({ type: "session_started", lease: review, session: "session-review" });
  say({ type: "session_idle", lease: review, turn: last("review").turn });
  say({
    type: "reviewed",
    lease: review,
    turn: last("review_prompt").turn,
    verdict: "reject",
    findings: [{ file: "a.ts", line: 1, severity: "high", message: "no" }],
  });
  say({ type: "session_idle", lease: review, turn: last("review_prompt").turn });
  done(a, last("prompt").turn);
  verified(true);
  say({ type: "session_started", lease: last("review").lease, session: "session-review-2" });
  reviewed("approve");

  // b stalls, is paused, and then can't go on: c is blocked. An errand runs in an earlier session.
  say({ type: "session_started", lease: last("start").lease, session: "session-b" });
  wait();
  say({ type: "session_started", lease: last("start").lease, session: "session-b2" });
  say({ type: "interrupted" }, { type: "resumed" });
  say({ type: "paused", reason: "wait" }, { type: "resumed" });
  say({ type: "session_started", lease: last("start").lease, session: "session-b3" });
  say({
    type: "task_reported",
    lease: last("start").lease,
    turn: last("start").turn,
    status: "blocked",
    summary: "Needs a key.",
    evidence: [],
    files: [],
  });
  say({
    type: "delegated",
    task: spec("errand", { kind: "delegation" }),
    continueSession: "session-a",
  });
  say({ type: "session_idle", lease: last("start").lease, turn: last("start").turn, text: "The answer." });

  // The commander falls silent: it is continued, then interrupted by the user, then can't be reached.
  const idle = (edge: string) => say({ type: "commander_idle", session: "commander", edge });
  idle("1");
  say({ type: "continue_accepted", edge: "1" }, { type: "user_spoke" });
  idle("2");
  say({ type: "continue_failed", edge: "2", message: "no connection" });

  // f asks for files of its own and of g, and then goes wrong in every way there is.
  const f = (more: Partial<TaskSpec>) =>
    submitted([spec("g", { files: ["src/g"] }), spec("f", more)], { verify: [] });
  say(f({ files: ["src/f"], review: true }), { type: "resumed" });
  const g = started("g");
  say({ type: "session_started", lease: g.lease, session: "session-g" });
  done(g.lease, g.turn);
  let { lease: own, turn } = started("f");
  say({ type: "session_started", lease: own, session: "session-f" });
  say({ type: "scope_requested", lease: own, turn, files: ["src/types.ts"], reason: "types" });
  say({ type: "scope_requested", lease: own, turn, files: ["src/g/a.ts"], reason: "more types" });
  say({ type: "scope_decided", task: "f", granted: false, reason: "wait" });
  say({ type: "provider_retrying", lease: own, turn, message: "429", nextMs: 100 });
  say({ type: "tool_repeated", lease: own, turn, call: "read a", times: 3 });
  ({ lease: own, turn } = started("f"));
  say({ type: "session_started", lease: own, session: "session-f2" });
  say({ type: "session_error", lease: own, turn, kind: "context_overflow", message: "too long" });
  ({ turn } = last("compact"));
  say({ type: "session_idle", lease: own, turn, fingerprint: { call: "read a" } });
  done(own, last("prompt").turn);
  say({ type: "scope_violated", task: "f", attempt: last("verify").attempt, files: ["README.md"] });
  ({ turn } = last("prompt"));
  say({ type: "session_error", lease: own, turn, kind: "refusal", message: "no" });
  ({ lease: own, turn } = started("f"));
  say({ type: "session_started", lease: own, session: "session-f3" });
  done(own, turn);
  verified(true);
  for (const session of ["session-review-f", "session-review-f2"]) {
    say({ type: "session_started", lease: last("review").lease, session });
    reviewed("reject");
    if (session === "session-review-f2")
      say({ type: "decided", task: "f", decision: "retry", reason: "it is right" });
    done(own, last("prompt").turn);
    verified(true);
  }
  const f3 = last("review");
  say({ type: "session_started", lease: f3.lease, session: "session-review-f3" });
  say({ type: "reviewed", lease: f3.lease, turn: f3.turn, verdict: "approve", findings: [], voided: true });
  say({ type: "session_started", lease: last("review").lease, session: "session-review-f4" });
  reviewed("approve");

  // g goes round in circles, and is mended; h learns of it.
  let attempt = 1;
  for (const passed of [false, false, true]) {
    const fingerprint = { diff: "d", error: "1 failed" };
    say({ type: "verified", task: "g", attempt, passed, report: "1 failed", fingerprint });
    if (!passed) done(g.lease, last("prompt").turn);
    attempt += 1;
  }
  say(submitted([spec("h")], { verify: [] }));
  const { revision } = mission.snapshot();
  say({ type: "amended", revision, items: [{ id: "h", title: "Another title of h" }] }, { type: "resumed" });
  const h = started("h");
  say({ type: "session_started", lease: h.lease, session: "session-h" });
  done(h.lease, h.turn);
  verified(true);

  // Without b and c the rest is whole: checked and sealed, at the second try.
  say(
    { type: "cancelled", task: "b", reason: "not needed" },
    { type: "cancelled", task: "c", reason: "not needed" },
  );
  say({ type: "resumed" });
  verified(true);
  const seal = last("review").lease;
  say({ type: "session_started", lease: seal, session: "session-seal" });
  say({ type: "session_error", lease: seal, turn: last("review").turn, kind: "overloaded", message: "busy" });
  wait();
  // The reviewer's model fails until it is left alone, and answers again.
  for (let failures = 1; failures < 5; failures++) {
    const { turn } = last("review_prompt");
    say({ type: "session_error", lease: seal, turn, kind: "overloaded", message: "busy" });
    wait();
  }
  say({ type: "session_idle", lease: seal, turn: last("review_prompt").turn });
  say({ type: "session_idle", lease: seal, turn: last("review_prompt").turn });
  say({ type: "pressure_rose", percent: 91 }, { type: "pressure_fell", percent: 60 });
  say({ type: "used", lease: seal, usage: USED }, { type: "used", usage: USED });
  say({
    type: "budget_set",
    budget: { tokens: 1_000, microUsd: 1_000, runningMs: 1e9, calls: 9, children: 99 },
  });
  say({ type: "cancelled", reason: "enough" });

  const journal = store.journal<Event>(`mission/${mission.id}`).map((record) => record.payload);
  return { submitted: said, outcomes, snapshots, journal };
}

const USED = { tokens: 100, microUsd: 20, runningMs: 0, calls: 1, children: 0 };

/** A task with nothing left to default. */
function spec(id: string, more: Partial<TaskSpec> = {}): TaskSpec {
  const bare = {
    files: [],
    dependsOn: [],
    verify: [],
    review: false,
    priority: "normal",
    kind: "task",
  } as const;
  return task(id, { ...bare, ...more });
}
