/** The language servers of one project: started when first asked, shared, few at once, ended when nobody asks. */
import { locate, type NamedServer } from "./catalogue.ts";
import { LanguageServer } from "./server.ts";
import { changesBetween, type Tree, treeOf } from "./tree.ts";

export interface PoolOptions {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds without a question after which a server is ended. */
  readonly idleMs: number;
  /** Most servers at once; the one that was asked longest ago ends for the next. */
  readonly most: number;
}

interface Place {
  readonly spec: NamedServer;
  server: LanguageServer | undefined;
  /** The disk as the server was last told of it. */
  tree: Tree | undefined;
  /** Settles when everything asked so far is answered: one question at a time, for each opens documents of its own. */
  queue: Promise<unknown>;
  waiting: number;
  askedAt: number;
  /** Failures in a row. */
  failures: number;
  idle: NodeJS.Timeout | undefined;
}

/** After so many failures in a row a server is not tried again: each try costs seconds, and the next is no better. */
const MOST_FAILURES = 3;

export class Pool {
  readonly #options: PoolOptions;
  readonly #places = new Map<string, Place>();
  readonly #closing = new AbortController();
  #turn = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** The names of the servers that run at the moment, the one that was asked longest ago first. */
  get running(): readonly string[] {
    return [...this.#places.values()]
      .filter(({ server }) => server !== undefined && !server.failed)
      .sort((a, b) => a.askedAt - b.askedAt)
      .map(({ spec }) => spec.name);
  }

  /**
   * Puts a question to the server of `spec`, after those that were put before it.
   * @throws Error with what is wrong, in words for people: not installed, crashed, silent.
   */
  ask<T>(
    spec: NamedServer,
    question: (server: LanguageServer) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const place = this.#placeOf(spec);
    place.waiting += 1;
    clearTimeout(place.idle);
    const answer = place.queue.then(() => this.#put(place, question, signal));
    place.queue = answer.then(
      () => this.#leave(place),
      () => this.#leave(place),
    );
    return answer;
  }

  /** Ends all servers. Questions under way fail. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("the project is being closed"));
    const places = [...this.#places.values()];
    for (const { idle } of places) clearTimeout(idle);
    await Promise.all(places.map(({ queue }) => queue));
    await Promise.all(places.map((place) => this.#end(place)));
  }

  async #put<T>(
    place: Place,
    question: (server: LanguageServer) => Promise<T>,
    caller: AbortSignal,
  ): Promise<T> {
    const signal = AbortSignal.any([caller, this.#closing.signal]);
    signal.throwIfAborted();
    if (place.failures >= MOST_FAILURES)
      throw new Error(`${place.spec.name} failed ${place.failures} times in a row and is not tried again`);
    this.#turn += 1;
    place.askedAt = this.#turn;
    try {
      const server = await this.#ready(place, signal);
      const answer = await question(server);
      place.failures = 0;
      return answer;
    } catch (error) {
      // Called off by the caller, it has not failed; late or broken, it is of no use to the next who asks.
      const late = error instanceof Error && error.name === "TimeoutError";
      if (late || (place.server?.failed ?? true)) {
        if (late || !(signal.aborted || error instanceof Missing)) place.failures += 1;
        place.server?.kill();
        place.server = undefined;
      }
      throw error;
    }
  }

  /** The place's server, started where it is not running, told of what has changed on disk where it is. */
  async #ready(place: Place, signal: AbortSignal): Promise<LanguageServer> {
    const { directory, environment } = this.#options;
    const { extensions, command, install, name } = place.spec;
    const tree = await treeOf(directory, extensions);
    const { server } = place;
    if (server !== undefined && !server.failed && tree !== undefined && place.tree !== undefined) {
      const { changes, setup } = changesBetween(place.tree, tree, extensions);
      if (!setup) {
        await server.changed(changes);
        place.tree = tree;
        return server;
      }
    }
    await this.#end(place);
    const program = await locate(command[0], directory, environment);
    if (program === undefined)
      throw new Missing(
        `${name} is not installed (${command[0]} is neither in the project nor on PATH): ${install}`,
      );
    await this.#makeRoom(place);
    place.tree = tree;
    place.server = await LanguageServer.start(place.spec, program, directory, environment, signal);
    return place.server;
  }

  /** Ends servers that nobody waits for until there is room for one more; waits where all are at work. */
  async #makeRoom(forPlace: Place): Promise<void> {
    for (;;) {
      const others = [...this.#places.values()].filter(
        (place) => place !== forPlace && (place.server !== undefined || place.waiting > 0),
      );
      const running = others.filter(({ server }) => server !== undefined);
      if (running.length < this.#options.most) return;
      const [oldest] = running.filter(({ waiting }) => waiting === 0).sort((a, b) => a.askedAt - b.askedAt);
      if (oldest !== undefined) await this.#end(oldest);
      else await Promise.race(running.map(({ queue }) => queue));
    }
  }

  #leave(place: Place): void {
    place.waiting -= 1;
    if (place.waiting > 0 || place.server === undefined) return;
    place.idle = setTimeout(() => void this.#end(place), this.#options.idleMs).unref();
  }

  async #end(place: Place): Promise<void> {
    const { server } = place;
    place.server = undefined;
    place.tree = undefined;
    clearTimeout(place.idle);
    await server?.close();
  }

  #placeOf(spec: NamedServer): Place {
    const known = this.#places.get(spec.name);
    if (known !== undefined) return known;
    const place: Place = {
      spec,
      server: undefined,
      tree: undefined,
      queue: Promise.resolve(),
      waiting: 0,
      askedAt: 0,
      failures: 0,
      idle: undefined,
    };
    this.#places.set(spec.name, place);
    return place;
  }
}

/** There is no such program. Looked for anew each time: the next task may install it. */
class Missing extends Error {}
