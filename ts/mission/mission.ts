/**
 * One mission while this process drives it: hands what happens to the engine and carries out what the engine commands.
 * It decides nothing: which task runs where and when, what is tried again and what is accepted is in the engine.
 */
import {
  type Amendment,
  type Command,
  type Event,
  MissionEngine,
  type MissionOutcome,
  type Outcome,
  type Ownership,
  type Plan,
  type Problem,
  type Snapshot,
  type Store,
  type TaskSpec,
  type TaskView,
} from "../engine/index.ts";
import type { ToolUse } from "../host/contribution.ts";
import type { Host, HostEvent } from "../host/host.ts";
import { Alarm } from "./alarm.ts";
import { Background } from "./background.ts";
import type { Brief } from "./brief.ts";
import { budgetOf } from "./budget.ts";
import { Callers } from "./callers.ts";
import { Checks, isChecked } from "./checks.ts";
import { Continuation } from "./continuation.ts";
import { isDecision } from "./decision.ts";
import type { Place } from "./git.ts";
import type { Holdings } from "./holdings.ts";
import { copyOf, type Isolation } from "./isolation.ts";
import type { LanguageServers } from "./language-servers.ts";
import { nameOfLease, repairMessage, taskMessage, VERDICT_MISSING } from "./messages.ts";
import type { News } from "./news.ts";
import { changesNothing } from "./outcome.ts";
import { Permissions } from "./permissions.ts";
import { redactor } from "./redaction.ts";
import { type Judgement, Reviews } from "./reviews.ts";
import { ScopeRequests } from "./scope-requests.ts";
import { Sessions } from "./sessions.ts";
import type { Settings } from "./settings.ts";
import type { Current } from "./todo/edits.ts";
import { type AskToCancel, Todo } from "./todo/todo.ts";
import { ToolGuard } from "./tool-guard.ts";
import { TurnRecord } from "./turn-record.ts";
import { type WaitOptions, Watchers } from "./watchers.ts";

/** What a mission is made of. The store stays the caller's. */
export interface MissionParts {
  readonly brief: Brief;
  readonly host: Host;
  readonly store: Store;
  readonly settings: Settings;
  /** The language servers of the project; they stay the caller's. */
  readonly languageServers: LanguageServers;
  /** The right to drive it; given back when the mission is closed. */
  readonly owner: Ownership;
  /** Where its tasks are worked on. */
  readonly isolation: Isolation;
}

export class Mission {
  readonly brief: Brief;
  /** Verify commands that the user's permission rules have let through. */
  readonly permitted = new Set<string>();
  /** The plan as people read and edit it. */
  readonly todo: Todo;
  readonly permissions: Permissions;
  /** What its agents run beside their turns. */
  readonly background = new Background();
  readonly scopes = new ScopeRequests((event) => this.#tell(event));
  readonly #host: Host;
  readonly #engine: MissionEngine;
  readonly #sessions: Sessions;
  readonly #checks: Checks;
  readonly #callers: Callers;
  readonly #isolation: Isolation;
  readonly #owner: Ownership;
  readonly #guard: ToolGuard;
  readonly #reviews: Reviews;
  readonly #turns: TurnRecord;
  readonly #continuation: Continuation;
  readonly #watchers = new Watchers(() =>
    this.#closed ? new Error("OpenCode is closing the project") : this.#failure,
  );
  /** Of the last change. */
  #snapshot: Snapshot | undefined;
  /** Set for the next thing that time alone decides. */
  readonly #alarm = new Alarm(() => this.#tick());
  #news: News | undefined;
  #failure: Error | undefined;
  #outcome: MissionOutcome | undefined;
  #closed = false;

  constructor({ brief, host, store, settings, languageServers, owner, isolation }: MissionParts) {
    const { lanes, attempts, stallTimeoutMs, taskTimeoutMs, review, models, speculation } = settings;
    this.brief = brief;
    this.#host = host;
    this.#continuation = new Continuation({
      host,
      session: brief.session,
      submit: (event) => this.#tell(event),
    });
    this.#guard = new ToolGuard({
      scope: settings.scope,
      callerOf: (session) => this.#callers.of(session),
      folderOf: (session) => this.#callers.placeOf(session).directory,
      tasks: () => this.snapshot.tasks,
      warn: (message) => void host.toast("warning", message),
    });
    const budget = budgetOf(settings.budget);
    const config = { lanes, attempts, stallTimeoutMs, taskTimeoutMs, review, models, budget, speculation };
    this.#engine = MissionEngine.open(store, brief.id, config, { owner });
    this.#owner = owner;
    owner.keep({
      lost: (holder) => void this.#lose(holder?.pid),
      failed: (error) => void host.log("warn", `mission ${brief.id}: no heartbeat: ${String(error)}`),
    });
    this.permissions = new Permissions(host, settings.unattended);
    this.#sessions = new Sessions({
      host,
      permissions: this.permissions,
      nameOf: (lease) => nameOfLease(this.#engine.lease(lease)),
      parent: brief.session,
      submit: (event) => this.#tell(event),
      fingerprint: (turn) => this.#turns.fingerprint(turn),
      counted: (lease) =>
        lease === undefined
          ? this.snapshot.usedByCommander
          : (this.#engine.lease(lease)?.used ?? { tokens: 0, microUsd: 0, calls: 0 }),
    });
    this.#isolation = isolation;
    this.#callers = new Callers({
      commander: brief.session,
      sessions: this.#sessions,
      isolation,
      lease: (lease) => this.#engine.lease(lease),
      task: (id) => this.task(id),
    });
    this.#turns = new TurnRecord({
      isolation,
      taskOf: (lease) => this.#callers.taskOf(lease),
      sessions: this.#sessions,
      submit: (event) => this.#tell(event),
    });
    this.#reviews = new Reviews({
      isolation,
      objective: brief.objective,
      snapshot: () => this.snapshot,
      spec: (task) => this.#spec(task),
      sessions: this.#sessions,
    });
    this.#checks = new Checks(isolation, languageServers, settings);
    this.todo = new Todo({
      directory: host.directory,
      brief,
      snapshot: () => this.snapshot,
      amend: (item) => this.#amend(item),
      warn: (message) => void host.toast("warning", message),
      failed: (error) => void host.log("warn", `todo.md was not written: ${String(error)}`),
      edited: () => this.#watchers.look(),
    });
  }

  /** Everything as it stands; made once between two changes, for whoever looks. */
  get snapshot(): Snapshot {
    this.#snapshot ??= this.#engine.snapshot();
    return this.#snapshot;
  }

  /** What it holds in this process. */
  get holdings(): Holdings {
    return {
      sessions: this.#sessions.size,
      questions: this.permissions.waiting.length,
      checks: this.#checks.size,
      commands: this.background.size,
      waits: this.#watchers.size,
      timers: this.#alarm.isSet ? 1 : 0,
    };
  }

  /** How it ended, or `undefined` while it goes on. */
  get outcome(): MissionOutcome | undefined {
    return this.#outcome;
  }

  task(id: string): TaskView | undefined {
    return this.#engine.task(id);
  }

  /** As {@link Callers.engagementOf}. */
  engagementOf(session: string): { readonly lease: number; readonly agent: string } | undefined {
    return this.#callers.engagementOf(session);
  }

  /** Whether a session is the commander's or one that this mission has opened and still uses. */
  involves(session: string): boolean {
    return session === this.brief.session || this.#sessions.leaseOf(session) !== undefined;
  }

  /** Every problem of a plan as it would be submitted now; nothing is changed. */
  check(plan: Plan): readonly Problem[] {
    return this.#engine.check(plan);
  }

  /**
   * Hands events to the engine, without the secrets in their texts, and sets about what it commands.
   * @throws EngineError when it refuses them or can't write its journal; then nothing has happened.
   */
  submit(...events: readonly Event[]): readonly Outcome[] {
    this.#snapshot = undefined;
    const outcomes = this.#engine.submit(Date.now(), redactor.redactAll(events));
    // Whatever was to be decided, a new plan is the decision.
    if (events.some(isDecision) && this.#news?.type === "needs_decision") this.#news = undefined;
    // A sign of life moves nothing that anybody looks at, but brings the next look near.
    if (events.some(({ type }) => type !== "progress")) this.#follow(outcomes);
    else this.#arm();
    return outcomes;
  }

  /**
   * Runs the mission until there is news for the commander. `changed` is called whenever something moved, `cancel` for
   * each task that was deleted by hand.
   * When `signal` aborts, the mission is paused and its sessions are stopped.
   * @throws EngineError when the journal can't be written.
   */
  async run(
    signal: AbortSignal,
    { changed, cancel }: { readonly changed: () => void; readonly cancel: AskToCancel },
  ): Promise<News> {
    if (this.#news === undefined) {
      this.#sessions.forgetModel();
      const [outcome] = this.submit({ type: "resumed" });
      // What keeps it from going on is news: nothing else would ever end the wait.
      if (outcome?.ignored !== undefined && this.snapshot.phase === "paused")
        this.#news = { type: "needs_decision", message: outcome.ignored };
    }
    const interrupted = () => this.#interrupt();
    signal.addEventListener("abort", interrupted, { once: true });
    if (signal.aborted) interrupted();
    try {
      const moved = () => {
        this.todo.ask((task) => this.#askToCancel(task, cancel));
        changed();
      };
      return await this.until(() => this.#takeNews(), { changed: moved });
    } finally {
      signal.removeEventListener("abort", interrupted);
    }
  }

  /** As {@link Watchers.until}; rejects when the mission can't go on. */
  until<T>(value: () => T | undefined, options: WaitOptions = {}): Promise<T> {
    return this.#watchers.until(value, options);
  }

  /** Takes the limits that the user has set meanwhile; the other settings stay those that the mission began with. */
  limit({ budget }: Settings): void {
    this.submit({ type: "budget_set", budget: budgetOf(budget) });
  }

  /** News from the host. */
  hear(event: HostEvent): void {
    this.#sessions.hear(event);
    this.#continuation.hear(event);
  }

  /** Takes a reviewer's verdict; the files for which it is void, if any. @throws EngineError as {@link submit} does. */
  async judge(judgement: Judgement): Promise<readonly string[]> {
    const task = this.#engine.lease(judgement.lease)?.task;
    const { event, changed } = await this.#reviews.judge(task, judgement);
    this.submit(event);
    return changed;
  }

  /** Brings a task's work into the project, as {@link Isolation.merge}. */
  merge(task: string): Promise<string | undefined> {
    return this.#isolation.merge(task, this.task(task)?.copy);
  }

  /** Rejects where a session of the mission may not use a tool as it is about to. */
  guard(use: ToolUse): Promise<void> {
    this.#turns.note(use);
    return this.#guard.check(use);
  }

  /** As {@link Callers.placeOf}. */
  placeOf(session: string): Place {
    return this.#callers.placeOf(session);
  }

  #leftBehind(error: unknown): void {
    void this.#host.log("error", `mission ${this.brief.id}: a worktree was left behind: ${String(error)}`);
  }

  /** Lets go of everything: no timer, command or session of the mission runs on. What happened is in the store. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#alarm.set(null);
    this.#checks.keep(() => false);
    this.background.keep(() => false);
    await Promise.all(
      this.snapshot.leases.map(({ lease, session }) =>
        session === undefined ? undefined : this.#sessions.abort(lease, session),
      ),
    );
    await this.todo.close();
    this.#engine[Symbol.dispose]();
    this.#owner[Symbol.dispose]();
    this.#moved();
    await this.#isolation.settled();
  }

  /** Another process drives it by now: this one lets go of it. */
  async #lose(pid: number | undefined): Promise<void> {
    const who = pid === undefined ? "another OpenCode" : `another OpenCode (process ${pid})`;
    await this.#host.toast("warning", `Mission "${this.brief.objective}": ${who} goes on with it.`);
    await this.close();
  }

  /** OpenCode shows no more of a question than what it is for. */
  async #askToCancel(task: Current, cancel: AskToCancel): Promise<void> {
    const { id, title } = task;
    await this.#host.toast("warning", `${id} (${title}) was deleted from todo.md: is it to be cancelled?`);
    await cancel(task);
  }

  #interrupt(): void {
    this.#tell({ type: "paused", reason: "interrupted by the user" });
    this.#news ??= { type: "interrupted" };
    this.#moved();
  }

  #takeNews(): News | undefined {
    const news = this.#news ?? (this.todo.needsDecision ? { type: "edited" } : undefined);
    this.#news = undefined;
    return news;
  }

  /** As {@link submit}, for events that have nobody to throw at: a failure ends the wait of `run_mission` instead. */
  #tell(event: Event): Outcome | undefined {
    if (this.#closed) return undefined;
    try {
      return this.submit(event)[0];
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    void this.#host.log("error", `mission ${this.brief.id}: ${this.#failure.message}`);
    void this.#host.toast("error", `Mission stopped: ${this.#failure.message}`);
    this.#moved();
    this.#failure = undefined;
  }

  #follow(outcomes: readonly Outcome[]): void {
    const commands = outcomes.flatMap((outcome) => outcome.commands);
    for (const command of commands) void this.#carryOut(command).catch((error: unknown) => this.#fail(error));
    if (outcomes.every(changesNothing)) return;
    this.#arm();
    this.#moved();
  }

  #arm(): void {
    if (!this.#closed) this.#alarm.set(this.#engine.nextWake());
  }

  #tick(): void {
    try {
      this.#snapshot = undefined;
      this.#follow(this.#engine.tick(Date.now()));
      this.#arm();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Tells whoever watches, and brings the projections up to date. */
  #moved(): void {
    if (!this.#closed) {
      const snapshot = this.snapshot;
      const live = new Set(snapshot.leases.map(({ lease }) => lease));
      for (const part of [this.#sessions, this.#reviews, this.scopes]) part.keep((lease) => live.has(lease));
      this.background.keep((owner) =>
        owner === "commander" ? this.#outcome === undefined : live.has(owner),
      );
      this.#checks.keep((task, copy) =>
        task === undefined ? snapshot.phase === "verifying" : isChecked(this.task(task), copy),
      );
      void this.#isolation.keep(snapshot.tasks).catch((error: unknown) => this.#leftBehind(error));
      void this.todo.refresh();
    }
    this.#watchers.look();
  }

  /** A change that somebody made by hand, as far as the engine allows it. */
  #amend(item: Amendment): Outcome {
    return (
      this.#tell({ type: "amended", items: [item] }) ?? { commands: [], ignored: "the mission can't go on" }
    );
  }

  async #carryOut(command: Command): Promise<void> {
    switch (command.type) {
      case "start":
        return this.#start(command);
      case "prompt":
        return this.#repair(command);
      case "abort":
        return this.#sessions.abort(command.lease, command.session);
      case "poll":
        return this.#sessions.poll(command.lease);
      case "verify":
        return this.#verify(command);
      case "review":
        return this.#review(command);
      case "review_prompt":
        return this.#sessions.again({ ...command, agent: "reviewer" }, VERDICT_MISSING);
      case "scope_answered":
        return this.scopes.answered(command);
      case "compact":
        return this.#compact(command);
      case "continue":
        return this.#continuation.send(command);
      case "retry":
        return this.#host.log("info", `task ${command.task} is tried again: ${command.reason}`);
      case "notify":
        return this.#notify(command);
      case "finish":
        return this.#finish(command);
    }
  }

  async #start(command: Extract<Command, { type: "start" }>): Promise<void> {
    const task = this.#known(command.task);
    const copy = command.copy ?? 1;
    const again = copy === copyOf(task) ? "" : ", second attempt";
    const title = `${task.id}: ${task.title} (@${command.agent}${again})`;
    const text = taskMessage(this.#spec(command.task), command);
    await this.#sessions.engage({ ...command, ...(await this.#placeFor(task, copy)), title, text });
  }

  async #repair(command: Extract<Command, { type: "prompt" }>): Promise<void> {
    const task = this.#known(command.task);
    const turn = { ...command, ...(await this.#placeFor(task)), agent: task.agent };
    const opening = taskMessage(this.#spec(command.task), command);
    const text = [...this.scopes.take(command.lease), repairMessage(task, command.reason)].join("\n\n");
    await this.#sessions.again(turn, text, opening);
  }

  async #compact(command: Extract<Command, { type: "compact" }>): Promise<void> {
    const task = this.#known(command.task);
    await this.#sessions.compact({ ...command, ...(await this.#placeFor(task)), agent: task.agent });
  }

  /** Where the sessions of a task work; nothing for the project's folder. */
  async #placeFor(task: TaskView, copy = copyOf(task)): Promise<{ readonly directory?: string }> {
    const { directory } = await this.#isolation.open(task, copy);
    return directory === this.#host.directory ? {} : { directory };
  }

  async #verify(command: Extract<Command, { type: "verify" }>): Promise<void> {
    const task = command.task === undefined ? undefined : this.#known(command.task);
    const second = task?.second === undefined ? undefined : this.#engine.lease(task.second.lease);
    const isMain = task === undefined || (command.copy ?? 1) === copyOf(task);
    const session = isMain ? task?.session : second?.session;
    const verified = await this.#checks.run(command, { task, written: this.#sessions.filesWritten(session) });
    if (verified !== undefined) this.#tell(verified);
  }

  async #review(command: Extract<Command, { type: "review" }>): Promise<void> {
    const task = command.task === undefined ? undefined : this.#known(command.task);
    const place = task === undefined ? {} : await this.#placeFor(task);
    await this.#sessions.engage({ ...command, ...place, ...(await this.#reviews.ask(command, task)) });
  }

  async #notify({ kind, message }: Extract<Command, { type: "notify" }>): Promise<void> {
    switch (kind) {
      case "needs_decision":
        this.#news = { type: "needs_decision", message };
        return this.#moved();
      case "task_failed":
      case "model_paused":
        return this.#host.toast("warning", message);
      default:
        return this.#host.log("info", message);
    }
  }

  async #finish({ outcome, message }: Extract<Command, { type: "finish" }>): Promise<void> {
    this.#outcome = outcome;
    this.#news = { type: "finished", outcome, message };
    await this.#isolation.end().catch((error: unknown) => this.#leftBehind(error));
    this.#moved();
    await this.#host.toast(outcome === "accepted" ? "success" : "warning", `Mission ${outcome}: ${message}`);
  }

  #spec(id: string): TaskSpec {
    const spec = this.#engine.spec(id);
    if (spec === undefined) throw new Error(`the engine has no task "${id}"`);
    return spec;
  }

  /** A task that the engine has just named. */
  #known(id: string): TaskView {
    const task = this.task(id);
    if (task === undefined)
      throw new Error(`the engine commanded something for task "${id}", which it does not know`);
    return task;
  }
}
