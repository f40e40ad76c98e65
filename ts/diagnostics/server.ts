/**
 * One running language server: its process, the conversation with it, and how to learn of a set of documents what is
 * wrong with them. It fails for good at the first thing that goes wrong: whoever uses it starts another.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { basename } from "node:path";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type * as lsp from "vscode-languageserver-protocol";
import { URI } from "vscode-uri";
import { killGroup } from "../process/process-group.ts";
import { languageOf, type NamedServer } from "./catalogue.ts";
import { ANSWERED_WITH_NULL, CAPABILITIES } from "./protocol.ts";
import { Published } from "./published.ts";
import { semanticRequest, TSSERVER_COMMAND, type TsserverAnswer, tsserverDiagnostics } from "./tsserver.ts";

/** A text to be looked at, under the absolute path where it is, was or would be. */
export interface TextDocument {
  readonly path: string;
  readonly text: string;
}

/** A server that can't be asked any more, or could not be started. */
export class ServerFailure extends Error {
  override readonly name = "ServerFailure";
}

/** Bytes kept of what a server says on its standard error. */
const STDERR_BYTES = 2048;
/** Characters of it that are told. */
const LAST_WORDS_CHARS = 300;
/** How long a server may take to end when it is asked to, in milliseconds. */
const FAREWELL_MS = 1000;
/** The protocol's code for "ask again": the answer would be out of date. */
const SERVER_CANCELLED = -32802;
const RETRY_MS = 100;

export class LanguageServer {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #connection: MessageConnection;
  readonly #published = new Published();
  readonly #failed: Promise<never>;
  readonly #announcesReadiness: boolean;
  #fail: (why: string) => void = () => undefined;
  #failure: ServerFailure | undefined;
  #capabilities: lsp.ServerCapabilities = {};
  #quiescent: () => void = () => undefined;
  readonly #ready = new Promise<void>((resolve) => {
    this.#quiescent = resolve;
  });
  #stderr = "";
  #version = 0;

  private constructor(spec: NamedServer, program: string, directory: string, environment: NodeJS.ProcessEnv) {
    this.name = spec.name;
    this.#announcesReadiness = spec.announcesReadiness === true;
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = (why) => {
        if (this.#failure !== undefined) return;
        this.#failure = new ServerFailure(`${this.name} ${why}${lastWords(this.#stderr)}`);
        reject(this.#failure);
        this.#end();
      };
    });
    // Between two requests nobody waits; the failure is found by the next one.
    this.#failed.catch(() => undefined);
    this.#child = start(program, spec.command.slice(1), directory, environment);
    this.#child.once("error", (error) => this.#fail(`could not be started: ${error.message}`));
    // `close` and not `exit`: by then its last words on standard error have been read.
    this.#child.once("close", (code, signal) => this.#fail(`ended: ${signal ?? `exit ${code}`}`));
    this.#child.stdin.on("error", (error) => this.#fail(`does not listen: ${error.message}`));
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = `${this.#stderr}${chunk.toString("utf8")}`.slice(-STDERR_BYTES);
    });
    this.#connection = this.#connect();
  }

  /** Starts a server for a project and shakes hands with it. @throws ServerFailure */
  static async start(
    spec: NamedServer,
    program: string,
    directory: string,
    environment: NodeJS.ProcessEnv,
    signal: AbortSignal,
  ): Promise<LanguageServer> {
    const server = new LanguageServer(spec, program, directory, environment);
    try {
      await server.#initialize(spec, directory, signal);
      return server;
    } catch (error) {
      server.kill();
      throw error;
    }
  }

  /** Whether it has failed and can't be asked any more. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Tells it which files have changed on disk since it last heard of them. */
  async changed(
    changes: readonly { readonly path: string; readonly type: lsp.FileChangeType }[],
  ): Promise<void> {
    if (changes.length === 0) return;
    await this.#notify("workspace/didChangeWatchedFiles", {
      changes: changes.map(({ path, type }) => ({ uri: uriOf(path), type })),
    });
  }

  /**
   * What it finds in each of the documents, while all of them are as given.
   * @throws ServerFailure when it fails or `signal` aborts, with the reason of the signal.
   */
  async diagnose(
    documents: readonly TextDocument[],
    signal: AbortSignal,
  ): Promise<readonly (readonly lsp.Diagnostic[])[]> {
    this.#version += 1;
    const version = this.#version;
    const uris = documents.map(({ path }) => uriOf(path));
    this.#published.begin(uris);
    for (const { path, text } of documents) {
      const textDocument = { uri: uriOf(path), languageId: languageOf(path), version, text };
      await this.#notify("textDocument/didOpen", { textDocument });
    }
    try {
      return await this.#until(this.#ask(documents, version, signal), signal);
    } finally {
      if (!this.failed)
        for (const uri of uris) await this.#notify("textDocument/didClose", { textDocument: { uri } });
    }
  }

  /** Asks it to end, and ends it and all that it started. Never rejects. */
  async close(): Promise<void> {
    if (!this.failed) {
      const farewell = AbortSignal.timeout(FAREWELL_MS);
      const goodbye = this.#request("shutdown", undefined, farewell).then(() =>
        this.#notify("exit", undefined),
      );
      // One that does not answer is killed like one that does.
      await goodbye.catch(() => undefined);
    }
    this.kill();
  }

  /** Ends it and all that it started at once. */
  kill(): void {
    this.#fail("was ended");
  }

  #ask(
    documents: readonly TextDocument[],
    version: number,
    signal: AbortSignal,
  ): Promise<readonly (readonly lsp.Diagnostic[])[]> {
    const { diagnosticProvider, executeCommandProvider } = this.#capabilities;
    const oneByOne = async (ask: (document: TextDocument) => Promise<readonly lsp.Diagnostic[]>) => {
      if (this.#announcesReadiness) await this.#ready;
      const found: (readonly lsp.Diagnostic[])[] = [];
      for (const document of documents) found.push(await ask(document));
      return found;
    };
    if (diagnosticProvider !== undefined) return oneByOne(({ path }) => this.#pull(path, signal));
    // What it publishes by itself comes in parts, none of which says whether it is the last.
    if (executeCommandProvider?.commands.includes(TSSERVER_COMMAND) === true)
      return oneByOne(({ path }) => this.#askTsserver(path, signal));
    return this.#published.settled(
      documents.map(({ path }) => uriOf(path)),
      version,
      signal,
    );
  }

  async #pull(path: string, signal: AbortSignal): Promise<readonly lsp.Diagnostic[]> {
    for (;;) {
      try {
        const report = await this.#request<lsp.DocumentDiagnosticReport | null>(
          "textDocument/diagnostic",
          { textDocument: { uri: uriOf(path) } },
          signal,
        );
        if (report?.kind !== "full" || !Array.isArray(report.items))
          throw this.#nonsense("textDocument/diagnostic", report);
        return report.items;
      } catch (error) {
        const again = error instanceof Error && "code" in error && error.code === SERVER_CANCELLED;
        if (!again || signal.aborted || this.failed) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #askTsserver(path: string, signal: AbortSignal): Promise<readonly lsp.Diagnostic[]> {
    const found: lsp.Diagnostic[] = [];
    for (const command of ["syntacticDiagnosticsSync", "semanticDiagnosticsSync"] as const) {
      const answer = await this.#request<TsserverAnswer | null>(
        "workspace/executeCommand",
        semanticRequest(command, path),
        signal,
      );
      const diagnostics = tsserverDiagnostics(answer);
      if (diagnostics === undefined) throw this.#nonsense(command, answer);
      found.push(...diagnostics);
    }
    return found;
  }

  #nonsense(asked: string, answer: unknown): ServerFailure {
    this.#fail(
      `answered ${asked} with what is no list of diagnostics: ${JSON.stringify(answer)?.slice(0, 80)}`,
    );
    return this.#failure ?? new ServerFailure(asked);
  }

  async #initialize(spec: NamedServer, directory: string, signal: AbortSignal): Promise<void> {
    const uri = uriOf(directory);
    const parameters = {
      processId: process.pid,
      clientInfo: { name: "opencode-orchestrator" },
      rootUri: uri,
      workspaceFolders: [{ uri, name: basename(directory) }],
      capabilities: CAPABILITIES,
      ...(spec.initializationOptions === undefined
        ? {}
        : { initializationOptions: spec.initializationOptions }),
    };
    const answer = await this.#request<lsp.InitializeResult | null>("initialize", parameters, signal);
    if (typeof answer?.capabilities !== "object") throw this.#nonsense("initialize", answer);
    this.#capabilities = answer.capabilities;
    await this.#notify("initialized", {});
    await this.#notify("workspace/didChangeConfiguration", { settings: {} });
  }

  #connect(): MessageConnection {
    const connection = createMessageConnection(
      new StreamMessageReader(this.#child.stdout),
      new StreamMessageWriter(this.#child.stdin),
    );
    connection.onError(([error]) => this.#fail(`does not speak the protocol: ${error.message}`));
    connection.onRequest("workspace/configuration", ({ items }: lsp.ConfigurationParams) =>
      items.map(() => null),
    );
    connection.onRequest("workspace/workspaceFolders", () => null);
    connection.onRequest("workspace/applyEdit", () => ({ applied: false }));
    for (const method of ANSWERED_WITH_NULL) connection.onRequest(method, () => null);
    connection.onNotification("textDocument/publishDiagnostics", (parameters: lsp.PublishDiagnosticsParams) =>
      this.#published.hear(parameters),
    );
    connection.onNotification(
      "$/progress",
      ({ token, value }: { token: lsp.ProgressToken; value: unknown }) =>
        this.#published.progress(token, value),
    );
    connection.onNotification("experimental/serverStatus", (status: { readonly quiescent?: boolean }) => {
      if (status.quiescent === true) this.#quiescent();
    });
    connection.listen();
    return connection;
  }

  #request<Result>(method: string, parameters: unknown, signal: AbortSignal): Promise<Result> {
    return this.#until(
      parameters === undefined
        ? this.#connection.sendRequest<Result>(method)
        : this.#connection.sendRequest<Result>(method, parameters),
      signal,
    );
  }

  #notify(method: string, parameters: unknown): Promise<void> {
    return this.#until(
      parameters === undefined
        ? this.#connection.sendNotification(method)
        : this.#connection.sendNotification(method, parameters),
    );
  }

  /** `work`, or the server's failure, or the end of the caller's patience: whichever comes first. */
  async #until<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
    // The one that is not waited for any more may still reject.
    work.catch(() => undefined);
    if (signal === undefined) return Promise.race([work, this.#failed]);
    let stop: (() => void) | undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
    try {
      return await Promise.race([this.#failed, work, stopped]);
    } finally {
      if (stop !== undefined) signal.removeEventListener("abort", stop);
    }
  }

  #end(): void {
    this.#connection?.dispose();
    killGroup(this.#child);
  }
}

function start(
  program: string,
  args: readonly string[],
  directory: string,
  environment: NodeJS.ProcessEnv,
): ChildProcessWithoutNullStreams {
  const windows = process.platform === "win32";
  const options = {
    cwd: directory,
    env: { ...environment, PWD: directory },
    // A group of its own, so that what it starts can be ended with it.
    detached: !windows,
    // A .cmd file, as npm makes them, runs in a shell only.
    shell: windows,
    windowsHide: true,
  };
  return spawn(windows ? `"${program}"` : program, [...args], options);
}

/** The line of `said` that tells most: one that names an error, else the last. */
function lastWords(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  const line = lines.find((one) => /error/i.test(one)) ?? lines.findLast((one) => one !== "");
  return line === undefined ? "" : ` (${line.slice(0, LAST_WORDS_CHARS)})`;
}

function uriOf(path: string): string {
  return URI.file(path).toString();
}
