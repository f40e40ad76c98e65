/**
 * A host in memory, for tests in milliseconds. Sessions are played by functions, one an agent; events, statuses and
 * the record of answers are kept as a real host keeps them.
 */
import * as z from "zod";
import type { CommandReply, Contribute, Contribution, ToolAnswer } from "./contribution.ts";
import {
  type Host,
  type HostError,
  type HostEvent,
  HostFailure,
  type LastTurn,
  type ModelRef,
  type NewSession,
  type PermissionReply,
  type Prompt,
  type SessionFacts,
  type SessionStatus,
  type ToastLevel,
} from "./host.ts";

/** What an agent can do in its turn. */
export interface FakeTurn {
  readonly session: string;
  readonly agent: string;
  readonly text: string;
  /** Which prompt of its session this is, from 1. */
  readonly number: number;
  readonly signal: AbortSignal;
  /** The folder that it works in. */
  readonly directory: string;
  /** Calls one of our tools, as a model would: unknown tools and wrong arguments are refused. */
  call(tool: string, parameters?: unknown): Promise<ToolAnswer>;
  /** Uses a tool of the host's own: it does nothing, but rejects where it is refused. */
  use(tool: string, parameters: unknown): Promise<void>;
  /** Emits an event of this session. */
  emit(event: HostEvent): void;
}

/** Plays one turn of an agent. The text it answers is the turn's answer; throwing a {@link FakeFailure} fails the turn. */
export type FakeAgent = (turn: FakeTurn) => Promise<string>;

/** Fails a turn with an error as a host would report it. */
export class FakeFailure extends Error {
  readonly error: HostError;

  constructor(error: HostError) {
    super(error.message);
    this.error = error;
  }
}

interface FakeSession {
  readonly id: string;
  readonly parent?: string;
  readonly title: string;
  prompts: number;
  answers: number;
  last: LastTurn;
  turn: AbortController | undefined;
}

/** Answers every permission question; throwing refuses. */
export type FakePermission = (permission: string, patterns: readonly string[]) => void;

export class FakeHost implements Host {
  readonly directory: string;
  attended = true;
  /** Permission questions that were answered in a person's stead: `session request reply`. */
  readonly answers: string[] = [];
  /** Every prompt that was taken, in order. */
  readonly prompts: Prompt[] = [];
  readonly toasts: string[] = [];
  readonly logs: string[] = [];
  readonly aborted: string[] = [];
  readonly compacted: string[] = [];
  /** Where sessions work that don't work in the project's folder. */
  readonly folders = new Map<string, string>();
  /** Titles that our tool calls showed while they ran. */
  readonly progress: string[] = [];
  readonly #agents: Readonly<Record<string, FakeAgent>>;
  readonly #sessions = new Map<string, FakeSession>();
  #contribution: Contribution | undefined;
  permission: FakePermission = () => undefined;
  model: ModelRef = { provider: "fake", model: "m" };

  constructor(directory: string, agents: Readonly<Record<string, FakeAgent>>) {
    this.directory = directory;
    this.#agents = agents;
  }

  /** Starts what `contribute` adds, as a host does when it opens a project. */
  async start(contribute: Contribute, options: unknown = {}): Promise<Contribution> {
    this.#contribution = await contribute(this, options);
    return this.#contribution;
  }

  /** A session that the user talks to. */
  open(id: string): void {
    this.#sessions.set(id, newSession(id, undefined, "user's"));
  }

  /** The user types a slash command. */
  async command(session: string, command: string, text = ""): Promise<CommandReply> {
    return this.#started.onCommand({ command, arguments: text, session });
  }

  /** Calls one of our tools from a session, as `agent`. */
  async call(
    session: string,
    agent: string,
    tool: string,
    parameters: unknown = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ToolAnswer> {
    const definition = this.#started.tools.find(({ name }) => name === tool);
    if (definition === undefined) throw new Error(`the host was given no tool "${tool}"`);
    const given = z.object(definition.parameters).parse(parameters);
    return definition.execute(given, {
      session,
      agent,
      signal,
      progress: (title) => this.progress.push(title),
      ask: async ({ permission, patterns }) => this.permission(permission, patterns),
    });
  }

  /** Emits an event to what was contributed. */
  emit(event: HostEvent): void {
    this.#contribution?.onEvent(event);
  }

  /** The sessions that are in a turn. */
  get busy(): readonly string[] {
    return [...this.#sessions.values()].filter(({ turn }) => turn !== undefined).map(({ id }) => id);
  }

  async createSession({ parent, title, directory }: NewSession): Promise<string> {
    const id = `ses${this.#sessions.size + 1}`;
    if (directory !== undefined) this.folders.set(id, directory);
    this.#sessions.set(id, newSession(id, parent, title));
    return id;
  }

  place(session: string, directory: string): void {
    this.folders.set(session, directory);
  }

  async leave(directory: string): Promise<void> {
    for (const [session, folder] of this.folders) if (folder === directory) this.folders.delete(session);
  }

  async prompt(prompt: Prompt): Promise<void> {
    const session = this.#session(prompt.session);
    const play = this.#agents[prompt.agent];
    if (play === undefined)
      throw new HostFailure(`could not prompt ${session.id}`, `no agent ${prompt.agent}`);
    this.prompts.push(prompt);
    session.prompts += 1;
    const turn = new AbortController();
    session.turn = turn;
    session.last = { ...session.last, complete: false, text: "" };
    void this.#play(session, turn, play, prompt);
  }

  async compact(session: string): Promise<void> {
    this.compacted.push(session);
  }

  async abort(id: string): Promise<void> {
    this.aborted.push(id);
    this.#session(id).turn?.abort();
  }

  async statuses(): Promise<ReadonlyMap<string, SessionStatus>> {
    return new Map(this.busy.map((id) => [id, "busy"]));
  }

  async lastTurn(id: string): Promise<LastTurn> {
    return this.#session(id).last;
  }

  async facts(id: string): Promise<SessionFacts | undefined> {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    return { model: this.model, ...(session.parent === undefined ? {} : { parent: session.parent }) };
  }

  async answer(session: string, request: string, reply: PermissionReply): Promise<void> {
    this.answers.push(`${session} ${request} ${reply}`);
    this.emit({ type: "permission_replied", session, request, granted: reply !== "reject" });
  }

  modelOf(): ModelRef | undefined {
    return undefined;
  }

  async toast(level: ToastLevel, message: string): Promise<void> {
    this.toasts.push(`${level}: ${message}`);
  }

  async log(level: string, message: string): Promise<void> {
    this.logs.push(`${level}: ${message}`);
  }

  async #play(session: FakeSession, turn: AbortController, play: FakeAgent, prompt: Prompt): Promise<void> {
    const { id } = session;
    const { signal } = turn;
    this.emit({ type: "busy", session: id });
    const given: FakeTurn = {
      session: id,
      agent: prompt.agent,
      text: prompt.text,
      number: session.prompts,
      signal,
      directory: this.folders.get(id) ?? this.directory,
      call: (tool, parameters) => this.call(id, prompt.agent, tool, parameters, signal),
      use: (tool, parameters) => this.#started.beforeTool({ session: id, tool, parameters }),
      emit: (event) => this.emit(event),
    };
    const ended = await Promise.race([played(play, given), aborted(signal)]);
    if (session.turn !== turn) return;
    session.turn = undefined;
    session.answers += 1;
    session.last = { ...ended, answer: `${id}-answer${session.answers}` };
    if (ended.error !== undefined) this.emit({ type: "error", session: id, error: ended.error });
    this.emit({ type: "idle", session: id });
  }

  #session(id: string): FakeSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw new HostFailure(`could not find session ${id}`, "no such session");
    return session;
  }

  get #started(): Contribution {
    if (this.#contribution === undefined) throw new Error("start the fake host first");
    return this.#contribution;
  }
}

function newSession(id: string, parent: string | undefined, title: string): FakeSession {
  return {
    id,
    title,
    prompts: 0,
    answers: 0,
    last: { complete: false, text: "" },
    turn: undefined,
    ...(parent === undefined ? {} : { parent }),
  };
}

async function played(play: FakeAgent, turn: FakeTurn): Promise<LastTurn> {
  try {
    return { complete: true, text: await play(turn) };
  } catch (error) {
    return { complete: false, text: "", error: errorOf(error) };
  }
}

function aborted(signal: AbortSignal): Promise<LastTurn> {
  return new Promise((resolve) => {
    const error = { name: "MessageAbortedError", message: "aborted" };
    signal.addEventListener("abort", () => resolve({ complete: false, text: "", error }), { once: true });
  });
}

function errorOf(error: unknown): HostError {
  if (error instanceof FakeFailure) return error.error;
  return { name: "UnknownError", message: error instanceof Error ? error.message : String(error) };
}
