import type { Event, MissionEngine, Outcome, Snapshot, Store } from "../../ts/engine/index.ts";
import { submitted, task } from "./plans.ts";
import type { Played } from "./play.ts";

/**
 * Plays a mission of three quick tasks and two slow ones, which get second attempts: one is found to have changed files
 * of others and is given up, the other wins.
 */
export function playStragglers(store: Store, mission: MissionEngine): Played {
  const said: Event[] = [];
  const outcomes: Outcome[] = [];
  const snapshots: Snapshot[] = [];
  let now = 1_000;
  const keep = (more: readonly Outcome[]) => {
    outcomes.push(...more);
    snapshots.push(mission.snapshot());
  };
  const say = (...events: Event[]) => {
    for (const event of events) {
      said.push(event);
      now += 10;
      keep(mission.submit(now, [event]));
    }
  };
  const leases = (id: string) => mission.snapshot().leases.filter((lease) => lease.task === id);
  const done = (lease: number) =>
    say(
      { type: "session_started", lease, session: `session-${lease}` },
      { type: "task_reported", lease, status: "done", summary: "Done.", evidence: [], files: [] },
      { type: "session_idle", lease },
    );
  const quick = ["a", "b", "c"];
  const bare = {
    files: [],
    dependsOn: [],
    verify: [],
    review: false,
    priority: "normal",
    kind: "task",
  } as const;
  const tasks = [...quick, "slow", "slower"].map((id) => task(id, bare));
  say(submitted(tasks, { verify: [] }), { type: "resumed" });
  for (const id of quick) {
    for (const { lease } of leases(id)) done(lease);
    say({ type: "verified", task: id, attempt: 1, passed: true, report: "ok" });
  }
  while (["slow", "slower"].some((id) => leases(id).length < 2)) {
    const wake = mission.nextWake();
    if (wake === null) throw new Error("nothing is waited for");
    now = Math.max(now, wake);
    keep(mission.tick(now));
  }
  for (const id of ["slow", "slower"]) done(leases(id)[1]?.lease ?? 0);
  const second = { attempt: 1, copy: 2 } as const;
  say({ type: "scope_violated", task: "slower", ...second, files: ["a.ts"] });
  say({ type: "verified", task: "slow", ...second, passed: true, report: "ok" });
  say({ type: "cancelled", reason: "enough" });
  const journal = store.journal<Event>(`mission/${mission.id}`).map((record) => record.payload);
  return { submitted: said, outcomes, snapshots, journal };
}
