/**
 * What a mission needs of the program it runs in, whichever version that is.
 *
 * The interface is shaped to fit OpenCode 1 and 2; `ts/host/opencode1` implements it for version 1, `ts/host/fake`
 * in memory for tests. Nothing above `ts/host` knows of OpenCode.
 */

/** A model as the host names it. `variant` is a reasoning effort or the like, where the host has one. */
export interface ModelRef {
  readonly provider: string;
  readonly model: string;
  readonly variant?: string;
}

/** A session to be opened under `parent`, for one agent. */
export interface NewSession {
  readonly parent: string;
  readonly title: string;
  /** Where it works, absolute; absent: in the project's folder. */
  readonly directory?: string;
}

/** A message that we put into a session. It always carries its agent and model: one without them switches the session. */
export interface Prompt {
  readonly session: string;
  readonly agent: string;
  readonly model?: ModelRef;
  readonly text: string;
}

/** What a session is doing. `retry`: the host itself waits for a provider and will go on. */
export type SessionStatus = "idle" | "busy" | "retry";

/**
 * The newest turn of a session.
 * `answer` names the newest answer, so that an answer to an earlier prompt is not taken for one to the latest.
 * `complete`: the answer is whole; without `complete` and without `error`, it is still being written or was never begun.
 */
export interface LastTurn {
  readonly answer?: string;
  readonly complete: boolean;
  readonly text: string;
  readonly error?: HostError;
}

/** Which agent and model a session talks to. */
export interface SessionFacts {
  readonly parent?: string;
  readonly agent?: string;
  readonly model?: ModelRef;
}

/**
 * An error of a session, as the host reported it. `status` is an HTTP status, `codes` are what the provider calls the
 * error (its `code` and `type`), `retryAfterMs` is in milliseconds.
 */
export interface HostError {
  readonly name: string;
  readonly codes?: readonly string[];
  readonly message: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
}

/** News of a session. Everything else that a host emits is dropped by its adapter. */
export type HostEvent =
  | { readonly type: "busy"; readonly session: string }
  | { readonly type: "idle"; readonly session: string }
  | { readonly type: "progress"; readonly session: string }
  /** A tool of the host's that runs, and may print nothing for long. One that only changes files is not told of. */
  | { readonly type: "tool_running"; readonly session: string; readonly call: string }
  | { readonly type: "tool_ended"; readonly session: string; readonly call: string }
  /** The user wrote to the session. */
  | { readonly type: "user_spoke"; readonly session: string }
  /** The provider refused, and the host itself asks it again in `nextMs` milliseconds. */
  | {
      readonly type: "retrying";
      readonly session: string;
      readonly message: string;
      readonly nextMs: number;
    }
  /** A tool of the host's wrote files. Paths as the tool was given them: absolute or relative to the project. */
  | { readonly type: "files_written"; readonly session: string; readonly paths: readonly string[] }
  | { readonly type: "error"; readonly session: string; readonly error: HostError }
  | { readonly type: "deleted"; readonly session: string }
  /** What one answer of a model has used so far; `cost` in US dollars. It may come again with more. */
  | {
      readonly type: "used";
      readonly session: string;
      readonly answer: string;
      readonly tokens: number;
      readonly cost: number;
    }
  | {
      readonly type: "permission_asked";
      readonly session: string;
      readonly request: string;
      readonly permission: string;
      /** What it is asked for: commands, paths. */
      readonly patterns: readonly string[];
    }
  | {
      readonly type: "permission_replied";
      readonly session: string;
      readonly request: string;
      readonly granted: boolean;
    };

/** An answer to a permission question: for this once, or no. */
export type PermissionReply = "once" | "reject";

/** How urgent a toast looks. */
export type ToastLevel = "info" | "success" | "warning" | "error";

/** The one door to the program that a mission runs in. Every call may fail with a {@link HostFailure}. */
export interface Host {
  /** The project's folder, absolute. */
  readonly directory: string;
  /** Opens a session and answers its id. */
  createSession(session: NewSession): Promise<string>;
  /** Says where a session of an earlier process works, so that it is found there. */
  place(session: string, directory: string): void;
  /** No session works in that folder any more, and it may go. Never rejects. */
  leave(directory: string): Promise<void>;
  /** Hands a message in. Resolves when it is taken, not when it is answered: what follows arrives as events. */
  prompt(prompt: Prompt): Promise<void>;
  /** Has the host put a summary in the place of what was said in a session so far. Resolves when that is done. */
  compact(session: string, model: ModelRef): Promise<void>;
  /** Stops a session's turn; resolves when the host has been told. */
  abort(session: string): Promise<void>;
  /** Every session that is not idle. A session absent from the map is idle. */
  statuses(): Promise<ReadonlyMap<string, SessionStatus>>;
  /** The newest answer in a session. */
  lastTurn(session: string): Promise<LastTurn>;
  /** Who a session is; `undefined` when the host does not know it. */
  facts(session: string): Promise<SessionFacts | undefined>;
  /** Whether a person may be there to answer a question. */
  readonly attended: boolean;
  /** Answers a permission question in a person's stead. */
  answer(session: string, request: string, reply: PermissionReply): Promise<void>;
  /** The model that the user configured for an agent; absent, an agent uses the model of whoever leads it. */
  modelOf(agent: string): ModelRef | undefined;
  /** A short message to the person in front of the screen; without a screen it goes nowhere. Never rejects. */
  toast(level: ToastLevel, message: string): Promise<void>;
  /** A line in the host's own log. Never rejects. */
  log(level: "debug" | "info" | "warn" | "error", message: string): Promise<void>;
}

/** A call to the host that did not succeed: what was tried, and what the host said. */
export class HostFailure extends Error {
  readonly code = "ERR_HOST";

  constructor(tried: string, found: unknown) {
    super(`${tried}: ${describe(found)}`, { cause: found });
    this.name = "HostFailure";
  }
}

function describe(found: unknown): string {
  if (found instanceof Error) return found.message;
  if (typeof found === "string") return found;
  return JSON.stringify(found) ?? String(found);
}
