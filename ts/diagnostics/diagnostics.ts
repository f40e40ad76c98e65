/**
 * What language servers find in files of a project. A file is either `checked`, by a server that answered for it, or
 * `not_checked` with the reason: a server that is missing, broken, silent or late never makes a file look clean.
 */
import { readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { type LanguageServerSpec, locate, type NamedServer, serversFor, serversWith } from "./catalogue.ts";
import { type Diagnostic, diagnosticsOf } from "./diagnostic.ts";
import type { Pool } from "./pool.ts";
import type { LanguageServer, TextDocument } from "./server.ts";

/** Which project, with which servers. */
export interface DiagnosticsOptions {
  /** The project's folder, absolute: the one workspace folder that servers see. */
  readonly directory: string;
  /** Servers besides the known ones, or in their place; `false` switches one off. */
  readonly servers?: Readonly<Record<string, LanguageServerSpec | false>> | undefined;
  /** The environment that servers run in. @default process.env */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Milliseconds without a check after which a server is ended. @default 30000 */
  readonly idleMs?: number | undefined;
  /** Most servers at once. @default 4 */
  readonly most?: number | undefined;
}

/** A file to be checked; its path is absolute or relative to the project. */
export interface CheckedFile {
  readonly path: string;
  /** Its content; absent, what is on disk. */
  readonly text?: string | undefined;
  /** Its content before the change, to tell what the change introduced; absent, everything is introduced. */
  readonly before?: string | undefined;
}

/** What is known of one file, under the path that was asked for. */
export type FileDiagnostics =
  | {
      readonly path: string;
      readonly status: "checked";
      /** The server that answered. */
      readonly server: string;
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly path: string; readonly status: "not_checked"; readonly reason: string };

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole check, the start of servers included. @default 60000 */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 60_000;
const IDLE_MS = 30_000;
const MOST_SERVERS = 4;
/** Most files of one check, and most bytes of one file: beyond it, editors don't ask servers either. */
const MOST_FILES = 200;
const MOST_BYTES = 4 * 1024 * 1024;

/** A file that a server will be asked about. */
interface Subject {
  readonly index: number;
  readonly path: string;
  /** `undefined` when it is on no disk any more: it counts in what was before. */
  readonly text: string | undefined;
  readonly before: string | undefined;
}

/** The language servers of one project. Nothing runs before the first check. */
export class Diagnostics implements AsyncDisposable {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #servers: readonly NamedServer[];
  readonly #limits: { readonly idleMs: number; readonly most: number };
  #pool: Pool | undefined;
  #closed = false;

  constructor({ directory, servers = {}, environment = process.env, idleMs, most }: DiagnosticsOptions) {
    this.#directory = resolve(directory);
    this.#environment = environment;
    this.#servers = serversWith(servers);
    this.#limits = { idleMs: idleMs ?? IDLE_MS, most: most ?? MOST_SERVERS };
  }

  /** The names of the servers that run at the moment, the one that was asked longest ago first. */
  get running(): readonly string[] {
    return this.#pool?.running ?? [];
  }

  /** Whether a server is known for this kind of file, installed or not. */
  covers(path: string): boolean {
    return serversFor(this.#servers, path).length > 0;
  }

  /** Checks files together: each server sees all of its files as they are, and all as they were. Never rejects. */
  async check(
    files: readonly (string | CheckedFile)[],
    { signal, timeoutMs = TIMEOUT_MS }: CheckOptions = {},
  ): Promise<readonly FileDiagnostics[]> {
    const asked = files.map((file) => (typeof file === "string" ? { path: file } : file));
    const reports = asked.map<FileDiagnostics>(({ path }) =>
      notChecked(path, `more than ${MOST_FILES} files at once`),
    );
    const groups = new Map<NamedServer, Subject[]>();
    for (const [index, file] of asked.slice(0, MOST_FILES).entries()) {
      try {
        const spec = await this.#serverFor(file.path);
        const subject = await this.#subject(index, file);
        groups.set(spec, [...(groups.get(spec) ?? []), subject]);
      } catch (error) {
        reports[index] = notChecked(file.path, reasonOf(error, timeoutMs));
      }
    }
    const limit = AbortSignal.timeout(timeoutMs);
    const until = signal === undefined ? limit : AbortSignal.any([signal, limit]);
    const checks = [...groups].map(async ([spec, subjects]) => {
      const found = await this.#checkWith(spec, subjects, until).catch((error: unknown) =>
        reasonOf(error, timeoutMs),
      );
      for (const { index } of subjects) {
        const path = asked[index]?.path ?? "";
        const diagnostics = typeof found === "string" ? found : found.get(index);
        reports[index] =
          typeof diagnostics === "object"
            ? { path, status: "checked", server: spec.name, diagnostics }
            : notChecked(path, diagnostics ?? "the file is gone");
      }
    });
    await Promise.all(checks);
    return reports;
  }

  /** Ends all servers and what they started. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#pool?.close();
  }

  async #checkWith(
    spec: NamedServer,
    subjects: readonly Subject[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<number, readonly Diagnostic[]>> {
    const pool = await this.#opened();
    return pool.ask(
      spec,
      async (server) => {
        const now = subjects.filter(isThere);
        const found = await look(server, now, ({ text }) => text, signal);
        // Without errors there is nothing to compare; asking for the past would cost as much again.
        const toCompare = now.some(
          ({ index, before }) => before !== undefined && (found.get(index)?.length ?? 0) > 0,
        );
        const then = toCompare ? subjects.filter(hasBefore) : [];
        const earlier = await look(server, then, ({ before }) => before, signal);
        return new Map(
          now.map(({ index, text, before }) => {
            const known = earlier.get(index);
            const compared =
              before === undefined || known === undefined ? undefined : { text: before, found: known };
            return [index, diagnosticsOf(text, found.get(index) ?? [], compared)] as const;
          }),
        );
      },
      signal,
    );
  }

  /** The protocol's code is loaded at the first check: most who import this module never make one. */
  async #opened(): Promise<Pool> {
    const { Pool } = await import("./pool.ts");
    if (this.#closed) throw new Error("the project is being closed");
    this.#pool ??= new Pool({
      directory: this.#directory,
      environment: this.#environment,
      ...this.#limits,
    });
    return this.#pool;
  }

  /** The first server for the file that is installed; else the first, whose absence is then the reason. */
  async #serverFor(path: string): Promise<NamedServer> {
    if (this.#closed) throw new Error("the project is being closed");
    const candidates = serversFor(this.#servers, path);
    for (const candidate of candidates) {
      if ((await locate(candidate.command[0], this.#directory, this.#environment)) !== undefined)
        return candidate;
    }
    const [first] = candidates;
    if (first === undefined) throw new Error("no language server is known for this kind of file");
    return first;
  }

  async #subject(index: number, { path: asked, text, before }: CheckedFile): Promise<Subject> {
    const path = resolve(this.#directory, asked);
    // Links are followed: what a server is shown must be of the project.
    const root = await realpath(this.#directory);
    const real = await realpath(path).catch(() => undefined);
    if (!isWithin(this.#directory, path) || (real !== undefined && !isWithin(root, real)))
      throw new Error("it is outside of the project");
    if (text !== undefined) return { index, path, text, before };
    if (real === undefined) {
      if (before === undefined) throw new Error("there is no such file");
      return { index, path, text: undefined, before };
    }
    const { size } = await stat(real);
    if (size > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`);
    return { index, path, text: decoded(await readFile(real)), before };
  }
}

async function look<S extends Subject>(
  server: LanguageServer,
  subjects: readonly S[],
  textOf: (subject: S) => string,
  signal: AbortSignal,
) {
  if (subjects.length === 0) return new Map<number, never[]>();
  const documents = subjects.map((subject): TextDocument => ({ path: subject.path, text: textOf(subject) }));
  const found = await server.diagnose(documents, signal);
  return new Map(subjects.map(({ index }, position) => [index, found[position] ?? []] as const));
}

function isThere(subject: Subject): subject is Subject & { readonly text: string } {
  return subject.text !== undefined;
}

function hasBefore(subject: Subject): subject is Subject & { readonly before: string } {
  return subject.before !== undefined;
}

function isWithin(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("it is no UTF-8 text");
  }
}

function notChecked(path: string, reason: string): FileDiagnostics {
  return { path, status: "not_checked", reason };
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `the language server gave no answer within ${timeoutMs / 1000} s`;
  return error.name === "AbortError" ? "the check was called off" : error.message;
}
