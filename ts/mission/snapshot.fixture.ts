/** Tasks and missions as the engine shows them, for tests: what is not given has its value at the start. */
import type { Snapshot, TaskState, TaskView } from "../engine/index.ts";

/** A task of a plan. */
export function taskView(id: string, state: TaskState = "pending", more: Partial<TaskView> = {}): TaskView {
  return {
    id,
    title: `Title of ${id}`,
    agent: "worker",
    role: "worker",
    kind: "task",
    state,
    priority: "normal",
    dependsOn: [],
    files: [],
    review: false,
    attempt: 0,
    attempts: 3,
    evidence: [],
    filesReported: [],
    findings: [],
    updatedAt: 0,
    ...more,
  };
}

const NOTHING = { tokens: 0, microUsd: 0, runningMs: 0, calls: 0, children: 0 };

/** A mission with these tasks. */
export function snapshotOf(tasks: readonly TaskView[], more: Partial<Snapshot> = {}): Snapshot {
  const count = (state: TaskState) => tasks.filter((task) => task.state === state).length;
  return {
    phase: "running",
    goal: "The goal",
    verify: [],
    revision: 7,
    limit: 8,
    inUse: 0,
    counts: {
      pending: count("pending"),
      ready: count("ready"),
      running: count("running"),
      verifying: count("verifying"),
      reviewing: count("reviewing"),
      accepted: count("accepted"),
      failed: count("failed"),
      cancelled: count("cancelled"),
      blocked: count("blocked"),
    },
    budget: {},
    used: NOTHING,
    usedByCommander: NOTHING,
    reserved: NOTHING,
    continuedInVain: 0,
    models: [],
    sealFindings: [],
    updatedAt: 0,
    tasks,
    leases: [],
    ...more,
  };
}
