/** Which lanes a task runs on. Agents are mapped to roles by the mission. */
export type Role = "planner" | "worker" | "reviewer";

export type Priority = "high" | "normal" | "low";

/** A `task` belongs to the plan and is verified; a `delegation` is a one-off whose text is its result. */
export type TaskKind = "task" | "delegation";

/** One task as it is asked for. */
export interface TaskSpec {
  /** `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$` */
  readonly id: string;
  readonly title: string;
  /** What the agent is told; at most 1 MiB. Carried here so that a replay has everything. */
  readonly prompt: string;
  readonly agent: string;
  readonly role: Role;
  /** Globs, relative to the project. Empty means that the scope is unknown, which overlaps nothing. */
  readonly files?: readonly string[] | undefined;
  /** Tasks that have to be accepted first. */
  readonly dependsOn?: readonly string[] | undefined;
  /** Shell commands, all of which have to pass. */
  readonly verify?: readonly string[] | undefined;
  /** Whether a reviewer has to approve, under the policy `plan`. */
  readonly review?: boolean | undefined;
  /** @default "normal" */
  readonly priority?: Priority | undefined;
  /** Set by the event that brings the task. */
  readonly kind?: TaskKind | undefined;
}

export interface Plan {
  /** Empty or absent: the former goal stays. */
  readonly goal?: string | undefined;
  readonly tasks: readonly TaskSpec[];
  /** The mission's own commands, run when every task has ended well. Empty or absent: the former ones stay. */
  readonly verify?: readonly string[] | undefined;
}

/** When a reviewer is asked: as the plan says (and for the seal), for every task, or never. */
export type ReviewPolicy = "plan" | "always" | "never";

/**
 * The most that a mission may use, its whole tree of sessions together; what is absent has no limit. It is reserved
 * before a turn and settled after it. At a limit the mission pauses and says so.
 */
export interface Budget {
  readonly tokens?: number | undefined;
  /** Millionths of a US dollar. */
  readonly microUsd?: number | undefined;
  /** Milliseconds in which the mission ran; pauses don't count. */
  readonly runningMs?: number | undefined;
  /** Requests to a model. */
  readonly calls?: number | undefined;
  /** Sessions opened for tasks, errands and reviews. */
  readonly children?: number | undefined;
}

/** What was used, in the units of {@link Budget}. */
export type Usage = Readonly<Record<keyof Budget, number>>;

/** Settings of a scheduler, fixed for its life. Times are milliseconds. */
export interface SchedulerConfig {
  /** Most sessions at once, a role. Each 1 to 256. @default { planner: 2, worker: 8, reviewer: 4 } */
  readonly lanes: { readonly planner: number; readonly worker: number; readonly reviewer: number };
  /** Tries that a task gets, repairs included. At least 1. @default 3 */
  readonly attempts: number;
  /** A running session that shows no sign of life for so long is stalled. @default 120000 */
  readonly stallTimeoutMs: number;
  /** Longest turn. @default 1800000 */
  readonly taskTimeoutMs: number;
  /** @default "plan" */
  readonly review: ReviewPolicy;
  /**
   * The models of an agent, `provider/model`, the preferred first: a turn is asked of the first that answers. An agent
   * without any is asked of the one that the host chooses. @default {}
   */
  readonly models?: Readonly<Record<string, readonly string[]>>;
  /**
   * Whether a task that takes much longer than its accepted peers gets a second attempt beside its first, in another copy
   * of the project. @default false
   */
  readonly speculation?: boolean;
  /** @default {} */
  readonly budget?: Budget;
  /** Of the choice of victims and the jitter of pauses: the same seed and events give the same commands. @default 0 */
  readonly seed: number;
}
