import type { Lane } from "./command.ts";
import type { Finding } from "./event.ts";
import type { Priority, Role, TaskKind } from "./plan.ts";

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

export type LeasePurpose = "work" | "review" | "seal";

/** One engagement of a lane with a session. Ids grow and are never reused within a mission. */
export interface Lease {
  readonly lease: number;
  readonly purpose: LeasePurpose;
  /** Absent for the seal. */
  readonly task?: string;
  readonly lane: Lane;
  /** Of work: the attempt, from 1. Of a review or seal: the round. */
  readonly attempt: number;
  readonly session?: string;
}

/** What a run of verify commands said. */
export interface Verification {
  readonly passed: boolean;
  readonly report: string;
}

/** A task as it stands. Times are the milliseconds that events were given. */
export interface TaskView {
  readonly id: string;
  readonly title: string;
  readonly prompt: string;
  readonly agent: string;
  readonly role: Role;
  readonly kind: TaskKind;
  readonly state: TaskState;
  readonly priority: Priority;
  readonly dependsOn: readonly string[];
  /** The declared scope. */
  readonly files: readonly string[];
  readonly verify: readonly string[];
  readonly review: boolean;
  readonly attempt: number;
  readonly attempts: number;
  readonly lease?: number;
  readonly lane?: Lane;
  readonly session?: string;
  /** Why it is in this state, where that needs saying. */
  readonly reason?: string;
  readonly summary?: string;
  readonly evidence: readonly string[];
  /** The files that the worker says it changed. */
  readonly reportedFiles: readonly string[];
  readonly verification?: Verification;
  readonly findings: readonly Finding[];
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly updatedAt: number;
}

/** The mission without its tasks: what is stored under `mission/<id>`. */
export interface MissionView {
  readonly phase: Phase;
  readonly goal: string;
  readonly verify: readonly string[];
  /** Most sessions at once, at present. */
  readonly limit: number;
  readonly leases: readonly Lease[];
  readonly missionVerification?: Verification;
  readonly sealFindings: readonly Finding[];
}

/** The whole of a mission at one moment. */
export interface Snapshot extends MissionView {
  readonly tasks: readonly TaskView[];
}
