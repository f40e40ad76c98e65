import type { Lane, MissionOutcome, Tried } from "./command.ts";
import type { Finding } from "./event.ts";
import type { Budget, Priority, Role, TaskKind, Usage } from "./plan.ts";

export type TaskState =
  | "pending"
  | "ready"
  | "running"
  | "verifying"
  | "reviewing"
  | "accepted"
  | "failed"
  | "cancelled"
  | "blocked";

export type Phase = "planning" | "running" | "paused" | "deciding" | "verifying" | "sealing" | "done";

/** What a lease is for. */
export type Purpose = "work" | "review" | "seal";

/** One engagement of a lane with a session. Ids grow and are never reused within a mission. */
export interface LeaseView {
  readonly lease: number;
  readonly purpose: Purpose;
  /** Absent for the seal. */
  readonly task?: string;
  /** Absent while the mission is paused, so that errands find one. */
  readonly lane?: Lane;
  /** Of work: the attempt, from 1. Of a review or seal: the round. */
  readonly attempt: number;
  /** Prompts sent so far. */
  readonly turn: number;
  /** Which of the task's copies of the project it works in: 1 where absent, or 2. */
  readonly copy?: number;
  readonly session?: string;
  /** The model of its last prompt; absent where the host chose. */
  readonly model?: string;
  /** Since it was opened. */
  readonly used: Usage;
  /** A turn is under way: it holds a permit, and its timers run. */
  readonly running: boolean;
  /** Its timers stand still for a permission question. */
  readonly clockStopped: boolean;
}

/** What a run of verify commands said. */
export interface Verification {
  readonly passed: boolean;
  readonly report: string;
}

/** Files that a worker asks for. */
export interface ScopeRequest {
  readonly files: readonly string[];
  readonly reason: string;
}

/** A task as it stands. Times are the milliseconds that events were given. */
export interface TaskView {
  readonly id: string;
  readonly title: string;
  readonly agent: string;
  readonly role: Role;
  readonly kind: TaskKind;
  readonly state: TaskState;
  readonly priority: Priority;
  readonly dependsOn: readonly string[];
  /** The scope: what was declared, and what was given since. */
  readonly files: readonly string[];
  /** Whether the plan asks for a review. */
  readonly review: boolean;
  /** The present try, or the last; 0 before the first. */
  readonly attempt: number;
  readonly attempts: number;
  /** The work lease, while it has one. */
  readonly lease?: number;
  /** Which copy of the project it works in: 1 where absent, or 2. Its second attempt has the other one. */
  readonly copy?: number;
  /** The attempt beside its first, while there is one: its lease, and whether its checks run. */
  readonly second?: { readonly lease: number; readonly checking: boolean };
  readonly lane?: Lane;
  /** The session of its work, also after its end. */
  readonly session?: string;
  /** Why it is where it is: of a failure, a block, a retry. */
  readonly reason?: string;
  /** When its next turn is due, while it waits out a pause. */
  readonly retryAt?: number;
  /** What its worker said last; a delegation's result. */
  readonly summary?: string;
  readonly evidence: readonly string[];
  /** The files that its worker reported. */
  readonly filesReported: readonly string[];
  readonly verification?: Verification;
  /** Of the last review. */
  readonly findings: readonly Finding[];
  /** The attempts that failed, oldest first; absent where none did. */
  readonly tried?: readonly Tried[];
  /** What it waits for the commander to decide (`decided`). */
  readonly waiting?: string;
  /** The files that it asks for, which others are at work on (`scope_decided`). */
  readonly scopeRequest?: ScopeRequest;
  /** The models that refused it, and are not asked again for it; absent where none did. */
  readonly refusedBy?: readonly string[];
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly updatedAt: number;
}

/** How many tasks of the plan are in each state. Delegations are not counted. */
export type Counts = Readonly<Record<TaskState, number>>;

/** A model whose circuit is not closed: it is not asked (`open`), or one turn tries it (`half_open`). */
export interface ModelView {
  /** Absent: the one that the host chooses. */
  readonly model?: string;
  readonly state: "closed" | "open" | "half_open";
  /** When it is tried again. */
  readonly retryAt?: number;
}

/** The mission without its tasks: what is stored under `mission/<id>`. */
export interface MissionView {
  readonly phase: Phase;
  readonly goal: string;
  readonly verify: readonly string[];
  /** Grows with every change of the plan's tasks, their titles and their states. */
  readonly revision: number;
  /** How many turns may run at once at present, and how many do. */
  readonly limit: number;
  readonly inUse: number;
  readonly counts: Counts;
  readonly budget: Budget;
  /** As of `updatedAt`. */
  readonly used: Usage;
  /** Of that, outside of any lease. */
  readonly usedByCommander: Usage;
  /** For the turns under way. */
  readonly reserved: Usage;
  /** The continuation of the commander whose turn is under way. */
  readonly continuation?: { readonly edge: string; readonly session: string; readonly accepted: boolean };
  /** How many continuations in a row brought nothing so far. */
  readonly continuedInVain: number;
  /** The models that don't answer, or are being tried again. */
  readonly models: readonly ModelView[];
  /** While memory is short: how much of it is used, in percent. Tasks of low priority wait. */
  readonly memoryPercent?: number;
  /** Why it is paused or waits for a decision. */
  readonly reason?: string;
  readonly outcome?: MissionOutcome;
  readonly missionVerification?: Verification;
  readonly sealFindings: readonly Finding[];
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly updatedAt: number;
}

/** The whole of a mission at one moment. */
export interface Snapshot extends MissionView {
  /** In the order in which they came. */
  readonly tasks: readonly TaskView[];
  /** The live ones, oldest first. */
  readonly leases: readonly LeaseView[];
}
