import type { Budget, Plan, SchedulerConfig, TaskSpec, Usage } from "./plan.ts";

/** What went wrong in a session. */
export type SessionErrorKind =
  | "rate_limit"
  | "overloaded"
  | "timeout"
  | "context_overflow"
  | "auth"
  | "quota"
  | "refusal"
  | "bad_tool_call"
  | "gone"
  | "aborted"
  | "unknown";

/** One remark of a reviewer. */
export interface Finding {
  readonly file?: string | undefined;
  /** 1-based. */
  readonly line?: number | undefined;
  readonly severity: string;
  readonly message: string;
}

/** A state that people and agents may put a task in; `pending` tries a failed or cancelled one again. */
export type AmendedStatus = "pending" | "cancelled";

/** What is to change about one task of the plan. */
export interface Amendment {
  readonly id: string;
  readonly status?: AmendedStatus | undefined;
  /** Only while no turn of it has begun. */
  readonly title?: string | undefined;
}

/**
 * What a turn left behind, each a text or a hash of the caller's choice; what is absent is not known. A task without
 * fingerprints is never found to stagnate.
 */
export interface Fingerprint {
  /** All that the task has changed so far, since it began. */
  readonly diff?: string | undefined;
  /** The failing command and its message. Numbers, hashes, case and white space make no difference. */
  readonly error?: string | undefined;
  /** The last tool call, with its arguments. */
  readonly call?: string | undefined;
}

export type ReportStatus = "done" | "blocked" | "failed";
export type Verdict = "approve" | "reject";
/** What becomes of a task that waits for the commander. `retry` uses no attempt. */
export type Decision = "accept" | "retry" | "fail";

/**
 * What happened. Events go into the scheduler with a time and commands come out. An event that makes no sense
 * in the present state (unknown lease, duplicate, too late) changes nothing and is answered by `ignored`.
 *
 * `turn` quotes the command that the event answers. It is optional, but with it a late event of an earlier turn
 * of the same session is recognised and ignored.
 */
export type Event =
  /** The first record of every journal: written by the engine, never submitted. */
  | { readonly type: "opened"; readonly config: SchedulerConfig; readonly rules: number }
  /** Adds tasks, or replaces same-id tasks that have not started or have ended unaccepted. Refused as a whole. */
  | { readonly type: "plan_submitted"; readonly plan: Plan }
  /** Changes single tasks, all of them or none; with `revision`, only of a plan at that revision. */
  | { readonly type: "amended"; readonly revision?: number | undefined; readonly items: readonly Amendment[] }
  /** A one-off task; runs as soon as a lane is free. `continueSession` goes on in an earlier session. */
  | {
      readonly type: "delegated";
      readonly task: TaskSpec;
      readonly continueSession?: string | undefined;
    }
  /** `run_mission` was called: start or go on. */
  | { readonly type: "resumed" }
  /** Running sessions are aborted; their attempts don't count. */
  | { readonly type: "paused"; readonly reason: string }
  /**
   * The process that drove the mission died after the last event, and its sessions fell silent. The mission pauses;
   * when it is resumed, turns that were cut off go on in their sessions, and their attempts don't count.
   */
  | { readonly type: "interrupted" }
  /** One task, or the whole mission without `task`. */
  | { readonly type: "cancelled"; readonly task?: string | undefined; readonly reason: string }
  | { readonly type: "session_started"; readonly lease: number; readonly session: string }
  /** A sign of life; never journaled. */
  | { readonly type: "progress"; readonly lease: number }
  /** A question is open to the user: no timer runs until `clock_started`. */
  | { readonly type: "clock_stopped"; readonly lease: number }
  | { readonly type: "clock_started"; readonly lease: number }
  /** The session is idle and its last message is complete. */
  | {
      readonly type: "session_idle";
      readonly lease: number;
      readonly turn?: number | undefined;
      readonly text?: string | undefined;
      readonly fingerprint?: Fingerprint | undefined;
      /** Permissions that were refused during the turn, for people: hosts end a turn by that. */
      readonly refused?: readonly string[];
    }
  /** Within one turn a tool was called with the same arguments again and again; fewer than three `times` are ignored. */
  | {
      readonly type: "tool_repeated";
      readonly lease: number;
      readonly turn?: number | undefined;
      readonly call: string;
      readonly times: number;
    }
  /**
   * The host repeats a request by itself. No sign of life: after `stallTimeoutMs` the turn is stopped and goes on later,
   * or with the next model, and no attempt is used.
   */
  | {
      readonly type: "provider_retrying";
      readonly lease: number;
      readonly turn?: number | undefined;
      readonly message: string;
      /** How long the host waits before it asks again. */
      readonly nextMs?: number | undefined;
    }
  | {
      readonly type: "session_error";
      readonly lease: number;
      readonly turn?: number | undefined;
      readonly kind: SessionErrorKind;
      readonly message: string;
      readonly retryAfterMs?: number | undefined;
    }
  | {
      readonly type: "task_reported";
      readonly lease: number;
      readonly turn?: number | undefined;
      readonly status: ReportStatus;
      readonly summary: string;
      readonly evidence?: readonly string[] | undefined;
      readonly files?: readonly string[] | undefined;
    }
  /** The outcome of a `verify` command; without `task` the mission's own. */
  | {
      readonly type: "verified";
      readonly task?: string | undefined;
      readonly attempt: number;
      /** As the command named it. */
      readonly copy?: number | undefined;
      readonly passed: boolean;
      readonly report: string;
      readonly fingerprint?: Fingerprint | undefined;
    }
  /** In the place of `verified`: the checks found changes outside of the task's scope. */
  | {
      readonly type: "scope_violated";
      readonly task: string;
      readonly attempt: number;
      /** As the command named it. */
      readonly copy?: number | undefined;
      readonly files: readonly string[];
    }
  | {
      readonly type: "reviewed";
      readonly lease: number;
      readonly turn?: number | undefined;
      readonly verdict: Verdict;
      readonly findings?: readonly Finding[] | undefined;
      /** Files changed while the reviewer looked: the verdict is void and asked for again in a new session. */
      readonly voided?: boolean | undefined;
    }
  /** The answer to a task's `waiting`. */
  | {
      readonly type: "decided";
      readonly task: string;
      readonly decision: Decision;
      readonly reason: string;
    }
  /** A worker called `request_scope`; `scope_answered` answers. */
  | {
      readonly type: "scope_requested";
      readonly lease: number;
      readonly turn?: number | undefined;
      readonly files: readonly string[];
      readonly reason: string;
    }
  /** The answer to a task's `scopeRequest`. Granting is ignored as long as another task is at work on the files. */
  | {
      readonly type: "scope_decided";
      readonly task: string;
      readonly granted: boolean;
      readonly reason: string;
    }
  /** The commander's session is confirmed idle. `edge` names this fall into silence; told twice, it counts once. */
  | { readonly type: "commander_idle"; readonly session: string; readonly edge: string }
  /** The host was seen to take in the prompt of a `continue`; or that failed. */
  | { readonly type: "continue_accepted"; readonly edge: string }
  | { readonly type: "continue_failed"; readonly edge: string; readonly message: string }
  /** The user typed something to the commander. */
  | { readonly type: "user_spoke" }
  /**
   * What was used so far, as a running total: by a lease since it was opened, alive or not, or without `lease` by the
   * commander. `runningMs` and `children` are the engine's own to count.
   */
  | { readonly type: "used"; readonly lease?: number | undefined; readonly usage: Partial<Usage> }
  /** Other limits from now on. A mission that a budget stopped still waits for `resumed`. */
  | { readonly type: "budget_set"; readonly budget: Budget }
  /** Made from measurements of the memory, never by the caller. */
  | { readonly type: "pressure_rose"; readonly percent: number }
  | { readonly type: "pressure_fell"; readonly percent: number }
  /** The rest are made by `due`, never by the caller. */
  | { readonly type: "budget_due" }
  /** The pause of a model that did not answer is over. Without `model` it is the one that the host chooses. */
  | { readonly type: "probe_due"; readonly model?: string | undefined }
  | { readonly type: "stalled"; readonly lease: number }
  | { readonly type: "timed_out"; readonly lease: number }
  /** The turn takes much longer than those of accepted peers: its task gets a second attempt. */
  | { readonly type: "straggled"; readonly lease: number }
  /** Without `task` it is the seal that is due. */
  | { readonly type: "retry_due"; readonly task?: string | undefined }
  /** Time to look at the turns under way; never journaled. */
  | { readonly type: "poll_due" };

export type EventType = Event["type"];
