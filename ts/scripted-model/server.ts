import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { deliver } from "./deliver.ts";
import { ScriptedModelError } from "./error.ts";
import { now, type Outcome, type RecordedRequest } from "./recording.ts";
import { type ChatRequest, parseChatRequest } from "./request.ts";
import { type Responder, Scenario } from "./scenario.ts";
import { flatten, refuse } from "./step.ts";
import { type Classifier, type Turn, TurnReader } from "./turn.ts";

interface CommonOptions {
  /** Port on 127.0.0.1; 0 takes a free one. @default 0 */
  port?: number;
  /** Keep raw and parsed bodies in the recordings. @default true */
  recordBodies?: boolean;
  /** Names the role behind a request. @default by the tools offered, see `defaultRole` */
  classify?: Classifier;
  /** Ids listed under `GET /v1/models`; any other is served as well. @default ["m"] */
  models?: readonly string[];
}

/** Options of {@link startScriptedModel}: a scenario, or one responder for every chat turn. */
export type ScriptedModelOptions = CommonOptions &
  ({ scenario: Scenario; respond?: never } | { respond: Responder; scenario?: never });

/** A running server. */
export interface ScriptedModel extends AsyncDisposable {
  /** Base URL for an OpenAI-compatible client, ends in `/v1`. */
  readonly url: string;
  readonly port: number;
  /** Every completion asked for, in order of arrival; grows while the server runs. */
  readonly requests: readonly RecordedRequest[];
  /**
   * The first recorded request, past or to come, that `accepts`; looked at when one arrives and when
   * one ends. `timeout` is in milliseconds.
   *
   * @throws {ScriptedModelError} `wait-timeout` with a list of what came instead; `closed`.
   */
  waitFor(accepts: (request: RecordedRequest) => boolean, timeout?: number): Promise<RecordedRequest>;
  /** Destroys every connection and stops listening. Safe to call twice. */
  close(): Promise<void>;
}

interface Waiter {
  readonly accepts: (request: RecordedRequest) => boolean;
  readonly resolve: (request: RecordedRequest) => void;
  readonly reject: (error: ScriptedModelError) => void;
}

class Server implements ScriptedModel {
  readonly requests: RecordedRequest[] = [];
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #scenario: Scenario;
  readonly #reader: TurnReader;
  readonly #recordBodies: boolean;
  readonly #models: readonly string[];
  readonly #waiters = new Set<Waiter>();
  readonly #open = new Map<ServerResponse, AbortController>();
  #closing: Promise<void> | undefined;

  constructor(options: ScriptedModelOptions) {
    this.#scenario = options.scenario ?? new Scenario().otherwise(options.respond);
    this.#reader = new TurnReader(options.classify);
    this.#recordBodies = options.recordBodies ?? true;
    this.#models = options.models ?? ["m"];
  }

  get port(): number {
    const address = this.#http.address();
    if (address === null || typeof address === "string")
      throw new ScriptedModelError("closed", "the scripted model is not listening");
    return address.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", (cause) =>
        reject(new ScriptedModelError("listen-failed", `can't listen on 127.0.0.1:${port}`, { cause })),
      );
      this.#http.listen(port, "127.0.0.1", resolve);
    });
  }

  waitFor(accepts: (request: RecordedRequest) => boolean, timeout = 10_000): Promise<RecordedRequest> {
    const known = this.requests.find(accepts);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#closing !== undefined) {
      return Promise.reject(new ScriptedModelError("closed", "the scripted model is closed"));
    }
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        accepts,
        resolve: (request) => {
          settle();
          resolve(request);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiter.reject(new ScriptedModelError("wait-timeout", this.#timeoutMessage(timeout))),
        timeout,
      );
      this.#waiters.add(waiter);
    });
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      for (const waiter of this.#waiters) {
        waiter.reject(
          new ScriptedModelError("closed", "the scripted model was closed while it was waited for"),
        );
      }
      this.#http.close(() => resolve());
      for (const [response, gone] of this.#open) {
        gone.abort("closed");
        response.destroy();
      }
      this.#http.closeAllConnections();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedAt = now();
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (request.method === "GET" && path === "/v1/models") return this.#list(response);
    if (request.method !== "POST" || path !== "/v1/chat/completions") {
      return send(response, refuse(404, { message: `no such route: ${request.method} ${path}` }));
    }
    const gone = new AbortController();
    this.#open.set(response, gone);
    // A response closes after its last byte as well: then nothing listens to the signal any more.
    response.once("close", () => gone.abort("client"));
    // A write that crosses with the client's leaving: the same news, told as an error.
    response.on("error", () => gone.abort("client"));
    try {
      await this.#complete(request, response, receivedAt, gone.signal);
    } finally {
      this.#open.delete(response);
    }
  }

  async #complete(
    request: IncomingMessage,
    response: ServerResponse,
    receivedAt: number,
    gone: AbortSignal,
  ): Promise<void> {
    const raw = await readBody(request);
    if (raw === undefined) return;
    let body: ChatRequest;
    try {
      body = parseChatRequest(raw);
    } catch (error) {
      return send(response, refuse(400, { message: messageOf(error) }));
    }
    const turn = this.#reader.read(body, request.headers);
    const record = this.#record(turn, request, raw, receivedAt);
    this.#announce(record);
    const outcome = await this.#answer(turn, record, response, gone);
    record.outcome =
      gone.aborted && outcome === "open" ? (gone.reason === "closed" ? "closed" : "aborted") : outcome;
    record.status = response.headersSent ? response.statusCode : undefined;
    record.endedAt = now();
    this.#announce(record);
  }

  async #answer(
    turn: Turn,
    record: RecordedRequest,
    response: ServerResponse,
    gone: AbortSignal,
  ): Promise<Outcome> {
    try {
      record.steps = flatten(await this.#scenario.respond(turn));
      return await deliver(response, record.steps, turn.request, record.bytes, gone);
    } catch (error) {
      record.error = messageOf(error);
      // 400 and not 500: clients retry a 500, and the test would hang where it should fail.
      if (response.headersSent) response.destroy();
      else send(response, refuse(400, { message: `scripted model: ${record.error}` }));
      return "failed";
    }
  }

  #record(turn: Turn, request: IncomingMessage, raw: string, receivedAt: number): RecordedRequest {
    const { role, kind, sessionKey, parentKey, number } = turn;
    const record: RecordedRequest = {
      sequence: this.requests.length + 1,
      receivedAt,
      endedAt: undefined,
      headers: request.headers,
      raw: this.#recordBodies ? raw : "",
      bytes: Buffer.byteLength(raw),
      body: this.#recordBodies ? turn.request : undefined,
      kind,
      role,
      sessionKey,
      parentKey,
      number,
      steps: [],
      status: undefined,
      outcome: "open",
      error: undefined,
    };
    this.requests.push(record);
    return record;
  }

  #announce(record: RecordedRequest): void {
    for (const waiter of this.#waiters) if (waiter.accepts(record)) waiter.resolve(record);
  }

  #list(response: ServerResponse): void {
    const data = this.#models.map((id) => ({ id, object: "model", created: 0, owned_by: "scripted" }));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", data }));
  }

  #timeoutMessage(timeout: number): string {
    const seen = this.requests.map(
      (request) =>
        `  ${request.sequence}. ${request.kind} by ${request.role}, turn ${request.number} of ${request.sessionKey}: ${request.outcome}`,
    );
    const list = seen.length === 0 ? " no request at all" : `\n${seen.join("\n")}`;
    return `no request was as awaited within ${timeout} ms; there came${list}`;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function send(response: ServerResponse, step: ReturnType<typeof refuse>): void {
  if (step.type !== "refuse") return;
  response.writeHead(step.status, step.headers);
  response.end(step.body);
}

/** The body as text; `undefined` when the client went away before it was whole. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk);
  } catch (error) {
    if (request.destroyed) return undefined;
    throw error;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Starts a scripted model on loopback. Runs in Node and in Bun; in Bun 1.3.14 a client that leaves
 * goes unnoticed (oven-sh/bun #28976), so such a request stays `open` until the server is closed.
 *
 * @throws {ScriptedModelError} `listen-failed` when the port is taken.
 */
export async function startScriptedModel(options: ScriptedModelOptions): Promise<ScriptedModel> {
  const server = new Server(options);
  await server.listen(options.port ?? 0);
  return server;
}
