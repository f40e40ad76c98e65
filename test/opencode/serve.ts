import {
  type AssistantMessage,
  createOpencodeClient,
  type OpencodeClient,
  type Part,
} from "@opencode-ai/sdk";
import { OPENCODE } from "./home.ts";
import { type Ended, type ProcessGroup, startGroup } from "./process-group.ts";
import type { Place } from "./run.ts";

/** An event as it came, with its time in epoch milliseconds. */
export interface ServerEvent {
  at: number;
  type: string;
  properties: unknown;
}

export interface PromptOptions {
  agent?: string;
  /** Milliseconds for the whole turn. @default 60000 */
  timeout?: number;
}

/** One request of our own may take this long; longer ones name their own timeout. */
const REQUEST_TIMEOUT_MS = 10_000;
const START_TIMEOUT_MS = 60_000;

/**
 * A fetch that gives up. OpenCode can leave a request that comes right after "listening" without an
 * answer for ever: a read is tried again, a write is not, for it might be done twice.
 */
const patientFetch: typeof fetch = async (input, init) => {
  const request = new Request(input, init);
  const { pathname } = new URL(request.url);
  const endless =
    pathname.endsWith("/event") || /\/session\/[^/]+\/(message|command|shell|summarize)$/.test(pathname);
  if (endless) return fetch(request);
  const tries = request.method === "GET" ? 3 : 1;
  for (let attempt = 1; ; attempt += 1) {
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
    try {
      return await fetch(request.clone(), { signal });
    } catch (error) {
      if (attempt >= tries || request.signal.aborted) {
        throw new Error(`${request.method} ${pathname} failed ${attempt} times`, { cause: error });
      }
    }
  }
};

/** A running `opencode serve`, with a client, and all that it told since its start. */
export class OpenCodeServer {
  readonly url: string;
  readonly client: OpencodeClient;
  readonly process: ProcessGroup;
  readonly events: ServerEvent[] = [];
  readonly #stopped = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(url: string, directory: string, process: ProcessGroup) {
    this.url = url;
    this.process = process;
    this.client = createOpencodeClient({ baseUrl: url, directory, fetch: patientFetch });
    void process.ended.then(() => this.#stopped.abort());
  }

  /** The same server seen from another folder: an instance of its own, with events of its own. */
  async in(directory: string): Promise<OpenCodeServer> {
    const view = new OpenCodeServer(this.url, directory, this.process);
    await view.ready();
    return view;
  }

  /** Waits until the instance answers and the events flow. */
  async ready(): Promise<void> {
    await this.client.path.get({ throwOnError: true });
    const { stream } = await this.client.event.subscribe({ signal: this.#stopped.signal });
    void this.#record(stream);
    await this.waitForEvent((event) => event.type === "server.connected", REQUEST_TIMEOUT_MS);
  }

  /** The first event, past or to come, that `accepts`; `timeout` is in milliseconds. */
  async waitForEvent(accepts: (event: ServerEvent) => boolean, timeout = 30_000): Promise<ServerEvent> {
    const deadline = performance.now() + timeout;
    for (let seen = 0; ; ) {
      for (; seen < this.events.length; seen += 1) {
        const event = this.events[seen];
        if (event !== undefined && accepts(event)) return event;
      }
      const left = deadline - performance.now();
      if (left <= 0) {
        const types = [...new Set(this.events.map((event) => event.type))].join(", ");
        throw new Error(`no event as awaited within ${timeout} ms; there came: ${types}`);
      }
      await this.#nextEvent(left);
    }
  }

  /** Creates a session and returns its id. */
  async session(options: { title?: string; parentID?: string } = {}): Promise<string> {
    const { data } = await this.client.session.create({ body: options, throwOnError: true });
    return data.id;
  }

  /** Prompts a session, waits for the end of the turn, and returns the assistant's text; throws its error. */
  async prompt(sessionID: string, text: string, options: PromptOptions = {}): Promise<string> {
    const { data } = await this.client.session.prompt({
      path: { id: sessionID },
      body: {
        parts: [{ type: "text", text }],
        ...(options.agent !== undefined && { agent: options.agent }),
      },
      signal: AbortSignal.timeout(options.timeout ?? 60_000),
      throwOnError: true,
    });
    return said(data);
  }

  /** Runs a command such as `/task` in a session, and returns the assistant's text; throws its error. */
  async command(sessionID: string, name: string, args: string, options: PromptOptions = {}): Promise<string> {
    const { data } = await this.client.session.command({
      path: { id: sessionID },
      body: { command: name, arguments: args, ...(options.agent !== undefined && { agent: options.agent }) },
      signal: AbortSignal.timeout(options.timeout ?? 60_000),
      throwOnError: true,
    });
    return said(data);
  }

  /** Waits until a session is idle: OpenCode keeps the state of busy ones only. */
  async idle(sessionID: string, timeout = 30_000): Promise<void> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const { data } = await this.client.session.status({ throwOnError: true });
      const status = data[sessionID];
      if (status === undefined || status.type === "idle") return;
      if (performance.now() > deadline)
        throw new Error(`${sessionID} is still ${status.type} after ${timeout} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends the server politely; kills it after `grace` milliseconds. */
  stop(grace?: number): Promise<Ended> {
    this.#stopped.abort();
    return this.process.stop(grace);
  }

  async #record(stream: AsyncIterable<{ type: string; properties: unknown }>): Promise<void> {
    try {
      for await (const { type, properties } of stream) {
        this.events.push({ at: Date.now(), type, properties });
        for (const wake of this.#listeners) wake();
      }
    } catch (error) {
      if (!this.#stopped.signal.aborted) throw error;
    }
  }

  #nextEvent(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#listeners.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeout);
      this.#listeners.add(wake);
    });
  }
}

/** The text of an assistant message. OpenCode answers 200 for one that failed: its error is thrown. */
function said({ info, parts }: { info: AssistantMessage; parts: readonly Part[] }): string {
  if (info.error !== undefined) {
    const { name, data } = info.error;
    throw new Error(`${name}: ${"message" in data ? data.message : JSON.stringify(data)}`);
  }
  return parts
    .filter((part) => part.type === "text")
    .map((part) => part.text)
    .join("\n");
}

/** Waits for the line in which the server names its address. */
async function address(process: ProcessGroup): Promise<string> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let running = true;
  void process.ended.then(() => {
    running = false;
  });
  for (;;) {
    const named = /listening on (http:\/\/\S+)/.exec(process.stdout)?.[1];
    if (named !== undefined) return named;
    if (!running || performance.now() > deadline) {
      const why = running ? `did not listen within ${START_TIMEOUT_MS} ms` : "ended before it listened";
      throw new Error(`opencode serve ${why}:\n${process.stdout}\n${process.stderr}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts `opencode serve` on a free port and waits until it answers. */
export async function serve(place: Place): Promise<OpenCodeServer> {
  const process = await startGroup(OPENCODE, ["serve", "--port", "0", "--hostname", "127.0.0.1"], place);
  try {
    const server = new OpenCodeServer(await address(process), place.cwd, process);
    await server.ready();
    return server;
  } catch (error) {
    await process.stop(0);
    throw error;
  }
}
