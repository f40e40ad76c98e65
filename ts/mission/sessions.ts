/**
 * The sessions in which a mission's leases are carried out: opens and prompts them, and turns what the host says of
 * them into events of the engine. It believes neither an idle event nor its absence: a turn has ended when the host's
 * own record shows a finished answer to the prompt that began it.
 */
import type { Event, Fingerprint, Outcome, Usage } from "../engine/index.ts";
import type { Host, HostError, HostEvent, LastTurn, ModelRef } from "../host/host.ts";
import { HostFailure } from "../host/host.ts";
import { kindOfFailure } from "./failure.ts";
import { refusedNote } from "./messages.ts";
import type { Permissions } from "./permissions.ts";

/** Deltas arrive by the hundred; the engine needs one sign of life now and then. In milliseconds. */
const PROGRESS_EVERY_MS = 1000;

/** One prompt of a lease. */
export interface Turn {
  readonly lease: number;
  /** Which prompt of the lease this is, quoted in the events that answer it. */
  readonly turn: number;
  /** The model that the engine names, `provider/model`; absent, the agent's own or the commander's. */
  readonly model?: string;
}

/** A further prompt to the session that a lease has. */
export interface NextTurn extends Turn {
  readonly session: string;
  readonly agent: string;
  /** Where it works, if not in the project's folder. */
  readonly directory?: string;
}

/** A session to be opened, or gone on in, for a lease. */
export interface Engagement extends Turn {
  readonly agent: string;
  readonly title: string;
  readonly text: string;
  /** An earlier session to go on in. */
  readonly session?: string;
  /** Where it works, if not in the project's folder. */
  readonly directory?: string;
}

interface Engaged {
  readonly lease: number;
  readonly agent: string;
  readonly session: string;
  /** The newest answer before the present prompt: the end of the turn needs a newer one. Changes with `turn`. */
  before: string | undefined;
  /** The present prompt, as the engine counts them; 0, which answers nothing, until the first is on its way. */
  turn: number;
  /** An error the host announced; it counts once the session has come to rest. */
  failure: HostError | undefined;
  progressAt: number;
  /** Whether the engine's last look is still under way: a slow host is not asked twice at once. */
  polling: boolean;
  readonly questions: Set<string>;
  /** Calls of the host's tools that run. */
  readonly tools: Set<string>;
}

type Counted = Pick<Usage, "tokens" | "microUsd" | "calls">;

/** Adds up what answers have used, on top of what is counted already; each may be told again, with more. */
class Meter {
  readonly #answers = new Map<string, Counted>();

  constructor(counted: Counted) {
    this.#answers.set("", counted);
  }

  count(answer: string, used: Counted): Counted {
    this.#answers.set(answer, used);
    return [...this.#answers.values()].reduce((sum, one) => ({
      tokens: sum.tokens + one.tokens,
      microUsd: sum.microUsd + one.microUsd,
      calls: sum.calls + one.calls,
    }));
  }
}

/** What the sessions of a mission work with. */
export interface SessionsParts {
  readonly host: Host;
  /** The commander's session. */
  readonly parent: string;
  /** Hands an event to the engine. */
  submit(event: Event): Outcome | undefined;
  /** What the engine has counted of a lease's use, or of the commander's, from before this process too. */
  counted(lease: number | undefined): Counted;
  /** The permission questions of the sessions. */
  readonly permissions: Permissions;
  /** What a lease is about, as people know it. */
  nameOf(lease: number): string;
  /** What the turn of a lease that has just ended left behind, as far as it is known. */
  fingerprint(turn: Omit<NextTurn, "agent">): Promise<Fingerprint | undefined>;
}

/** The sessions of one mission. */
export class Sessions {
  readonly #host: Host;
  readonly #parent: string;
  readonly #submit: SessionsParts["submit"];
  readonly #counted: SessionsParts["counted"];
  readonly #permissions: Permissions;
  readonly #nameOf: SessionsParts["nameOf"];
  readonly #fingerprint: SessionsParts["fingerprint"];
  readonly #byLease = new Map<number, Engaged>();
  readonly #bySession = new Map<string, Engaged>();
  readonly #written = new Map<string, Set<string>>();
  readonly #meters = new Map<number | undefined, Meter>();
  /** The lease that a session was last opened for: its last answer may be counted after it has ended. */
  readonly #payers = new Map<string, number>();
  #model: ModelRef | undefined;

  constructor({ host, parent, submit, counted, permissions, nameOf, fingerprint }: SessionsParts) {
    this.#host = host;
    this.#parent = parent;
    this.#submit = submit;
    this.#counted = counted;
    this.#permissions = permissions;
    this.#nameOf = nameOf;
    this.#fingerprint = fingerprint;
  }

  /** How many carry out a lease at present. */
  get size(): number {
    return this.#bySession.size;
  }

  /** The lease that a session carries out at present. */
  leaseOf(session: string): number | undefined {
    return this.#bySession.get(session)?.lease;
  }

  /** The turn that a session is in, or was last; 0 before the first. */
  turnOf(session: string): number {
    return this.#bySession.get(session)?.turn ?? 0;
  }

  /** The agent whom a session carries out a lease as. */
  agentOf(session: string): string | undefined {
    return this.#bySession.get(session)?.agent;
  }

  /** Whether a session was opened for a lease of this mission, be it one that has ended. */
  hasServed(session: string): boolean {
    return this.#payers.has(session);
  }

  /** The files that the host's tools wrote in a session, paths as the tools were given them. */
  filesWritten(session: string | undefined): Iterable<string> {
    return (session === undefined ? undefined : this.#written.get(session)) ?? [];
  }

  /** Opens a session for a lease and hands it its first message. */
  async engage(engagement: Engagement): Promise<void> {
    const { lease, turn, model, agent, title, text, session: earlier, directory } = engagement;
    await this.#telling({ lease, turn }, async () => {
      const place = directory === undefined ? {} : { directory };
      if (earlier !== undefined) this.#place(earlier, directory);
      const session = earlier ?? (await this.#host.createSession({ parent: this.#parent, title, ...place }));
      // A session that the engine named itself is bound already.
      if (earlier === undefined) {
        const outcome = this.#submit({ type: "session_started", lease, session });
        // The lease ended while the session was being opened: nobody waits for it any more.
        if (outcome === undefined || outcome.ignored !== undefined) return;
      }
      await this.#prompt(this.#bind(lease, session, agent), turn, () => text, model);
    });
  }

  /**
   * Hands the next message to a lease's session; one that an earlier process opened is taken over. A session that has
   * answered nothing is told `opening` instead: its first message may never have reached it.
   */
  async again(
    { lease, turn, model, session, agent, directory }: NextTurn,
    text: string,
    opening = text,
  ): Promise<void> {
    this.#place(session, directory);
    const engaged = this.#byLease.get(lease) ?? this.#bind(lease, session, agent);
    const refused = this.#permissions.takeRefused(session);
    const note = refused.length === 0 ? "" : refusedNote(refused);
    const words = (answered: boolean) => {
      const said = answered ? text : opening;
      return note === "" || said.includes(note) ? said : `${note}\n\n${said}`;
    };
    await this.#telling({ lease, turn, session }, () => this.#prompt(engaged, turn, words, model));
  }

  /** Has a lease's session compacted: that is a turn of its own, and its end is told as any other's. */
  async compact({ lease, turn, model, session, agent, directory }: NextTurn): Promise<void> {
    this.#place(session, directory);
    const engaged = this.#byLease.get(lease) ?? this.#bind(lease, session, agent);
    await this.#telling({ lease, turn, session }, async () => {
      const named =
        model === undefined
          ? ((await this.#host.facts(session))?.model ?? (await this.#commandersModel()))
          : modelNamed(model);
      if (named === undefined) throw new Error("no model is known that could sum up the session");
      await this.#begin(engaged, turn);
      await this.#host.compact(session, named);
      if (!this.#isCurrent(engaged) || engaged.turn !== turn) return;
      this.#submit({ type: "session_idle", lease, turn });
    });
  }

  /** Looks whether a lease's turn has ended with no event that said so. */
  async poll(lease: number): Promise<void> {
    const engaged = this.#byLease.get(lease);
    if (engaged === undefined || engaged.polling) return;
    engaged.polling = true;
    try {
      await this.#reconcile(engaged);
    } finally {
      engaged.polling = false;
    }
  }

  /** Stops a session's turn; what it still emits is no news. */
  async abort(lease: number, session: string): Promise<void> {
    this.release(lease);
    await this.#host.abort(session).catch((error: unknown) => this.#host.log("warn", String(error)));
  }

  /** Forgets a lease that has ended. */
  release(lease: number): void {
    const engaged = this.#byLease.get(lease);
    this.#byLease.delete(lease);
    if (engaged !== undefined) this.#permissions.forget(engaged.session);
    if (engaged !== undefined && this.#bySession.get(engaged.session) === engaged) {
      this.#bySession.delete(engaged.session);
    }
  }

  /** Forgets every lease that `isLive` does not know any more. */
  keep(isLive: (lease: number) => boolean): void {
    for (const lease of [...this.#byLease.keys()]) if (!isLive(lease)) this.release(lease);
  }

  /** The commander's model may have been changed: ask for it again. */
  forgetModel(): void {
    this.#model = undefined;
  }

  /** News from the host. */
  hear(event: HostEvent): void {
    if (event.type === "used") {
      this.#count(event);
      return;
    }
    const engaged = this.#bySession.get(event.session);
    if (engaged === undefined) return;
    const { lease, questions } = engaged;
    switch (event.type) {
      case "progress":
      case "busy":
        this.#progressed(engaged);
        break;
      case "tool_running":
        engaged.tools.add(event.call);
        this.#progressed(engaged);
        break;
      case "tool_ended":
        engaged.tools.delete(event.call);
        this.#progressed(engaged);
        break;
      case "retrying":
        this.#submit({
          type: "provider_retrying",
          lease,
          turn: engaged.turn,
          message: event.message,
          nextMs: Math.round(event.nextMs),
        });
        break;
      case "files_written":
        for (const path of event.paths) this.#noteWritten(event.session, path);
        this.#progressed(engaged);
        break;
      case "permission_asked":
        questions.add(event.request);
        if (questions.size === 1) this.#submit({ type: "clock_stopped", lease });
        void this.#permissions.asked(this.#nameOf(lease), event);
        break;
      case "permission_replied":
        this.#permissions.replied(event.request, event.granted);
        if (questions.delete(event.request) && questions.size === 0)
          this.#submit({ type: "clock_started", lease });
        break;
      case "error":
        engaged.failure = event.error;
        break;
      case "idle":
        void this.#reconcile(engaged);
        break;
      case "deleted":
        this.#submit({ type: "session_error", lease, kind: "aborted", message: "the session was deleted" });
        break;
    }
  }

  #place(session: string, directory: string | undefined): void {
    if (directory !== undefined) this.#host.place(session, directory);
  }

  #bind(lease: number, session: string, agent: string): Engaged {
    const engaged: Engaged = {
      lease,
      agent,
      session,
      before: undefined,
      turn: 0,
      failure: undefined,
      progressAt: 0,
      polling: false,
      questions: new Set(),
      tools: new Set(),
    };
    this.#byLease.set(lease, engaged);
    this.#bySession.set(session, engaged);
    this.#payers.set(session, lease);
    return engaged;
  }

  /** `words` is asked for the text, knowing whether the session has answered anything before. */
  async #prompt(
    engaged: Engaged,
    turn: number,
    words: (answered: boolean) => string,
    asked: string | undefined,
  ): Promise<void> {
    const { session, agent } = engaged;
    const model =
      asked === undefined
        ? (this.#host.modelOf(agent) ?? (await this.#commandersModel()))
        : modelNamed(asked);
    const text = words(await this.#begin(engaged, turn));
    await this.#host.prompt({ session, agent, text, ...(model === undefined ? {} : { model }) });
    // Told to stop while the prompt was on its way: it arrived after the stop, so stop it again.
    if (!this.#isCurrent(engaged)) await this.#host.abort(session);
  }

  /** A turn begins: only what comes from now on is about it. @returns whether the session has answered before. */
  async #begin(engaged: Engaged, turn: number): Promise<boolean> {
    const { answer } = await this.#host.lastTurn(engaged.session);
    // Together: a look in between would take the last turn's answer for this one's.
    engaged.before = answer;
    engaged.turn = turn;
    engaged.failure = undefined;
    engaged.tools.clear();
    return answer !== undefined;
  }

  async #commandersModel(): Promise<ModelRef | undefined> {
    this.#model ??= (await this.#host.facts(this.#parent))?.model;
    return this.#model;
  }

  /** Asks the host how the turn stands, and tells the engine when it has ended. A look that fails is left to the next. */
  async #reconcile(engaged: Engaged): Promise<void> {
    const { lease, session, turn } = engaged;
    let last: LastTurn;
    try {
      const status = (await this.#host.statuses()).get(session) ?? "idle";
      // A tool that prints nothing for minutes is at work all the same: how long it may be is the turn's limit.
      if (status === "busy" && engaged.tools.size > 0) this.#progressed(engaged);
      if (status !== "idle") return;
      last = await this.#host.lastTurn(session);
    } catch (error) {
      await this.#host.log("warn", String(error));
      return;
    }
    if (!this.#isCurrent(engaged) || engaged.turn !== turn) return;
    const answered = last.answer !== engaged.before;
    const error =
      (answered ? last.error : undefined) ?? (answered && last.complete ? undefined : engaged.failure);
    if (error !== undefined) {
      engaged.failure = undefined;
      this.#submit({
        type: "session_error",
        lease,
        turn,
        kind: kindOfFailure(error),
        message: error.message,
        ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      });
    } else if (answered && last.complete) {
      const fingerprint = await this.#fingerprint({ lease, turn, session });
      if (!this.#isCurrent(engaged) || engaged.turn !== turn) return;
      const left = fingerprint === undefined ? {} : { fingerprint };
      const refused = this.#permissions.refusedTo(session);
      this.#submit({
        type: "session_idle",
        lease,
        turn,
        text: last.text,
        ...left,
        ...(refused.length === 0 ? {} : { refused }),
      });
    }
  }

  /** Adds up what the answers of a lease, or of the commander, have used, and tells the engine the total. */
  #count({ session, answer, tokens, cost }: Extract<HostEvent, { type: "used" }>): void {
    const lease = this.#payers.get(session);
    if (lease === undefined && session !== this.#parent) return;
    const meter = this.#meters.get(lease) ?? new Meter(this.#counted(lease));
    this.#meters.set(lease, meter);
    const usage = meter.count(answer, { tokens, microUsd: Math.round(cost * 1_000_000), calls: 1 });
    this.#submit({ type: "used", ...(lease === undefined ? {} : { lease }), usage });
  }

  #progressed(engaged: Engaged): void {
    const now = Date.now();
    if (now - engaged.progressAt < PROGRESS_EVERY_MS) return;
    engaged.progressAt = now;
    this.#submit({ type: "progress", lease: engaged.lease });
  }

  #noteWritten(session: string, path: string): void {
    const written = this.#written.get(session) ?? new Set();
    this.#written.set(session, written.add(path));
  }

  #isCurrent(engaged: Engaged): boolean {
    return this.#byLease.get(engaged.lease) === engaged;
  }

  /** Runs a call to the host for a lease; a failure is the lease's, told to the engine. */
  async #telling(
    { lease, turn, session }: Pick<Engaged, "lease" | "turn"> & { readonly session?: string },
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const message = error instanceof HostFailure ? error.message : `unexpected: ${String(error)}`;
      const kind = session !== undefined && (await this.#isGone(session)) ? "gone" : "unknown";
      this.#submit({ type: "session_error", lease, turn, kind, message });
    }
  }

  /** Whether the host knows a session no more. A host that does not answer is asked nothing else. */
  async #isGone(session: string): Promise<boolean> {
    const facts = this.#host.facts(session).then(
      (known) => known === undefined,
      () => false,
    );
    return facts;
  }
}

/** A model by the name that settings have for it: the provider ends at the first slash. */
function modelNamed(name: string): ModelRef {
  const [provider = "", ...model] = name.split("/");
  return { provider, model: model.join("/") };
}
