import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";
import { EngineError } from "./error.ts";
import { Handle } from "./handle.ts";
import type { NativeOwnership } from "./native.ts";
import { nativeOf, type Store } from "./store.ts";

/** Who drives a mission: the store's document `owner/<mission>`. */
export interface Holder {
  /** A random name of this opening: one process may have several. */
  readonly instance: string;
  readonly pid: number;
  /** When the process started, as its system counts; tells a process from a later one with the same number. */
  readonly startedAt: number;
  /** The boot of the machine; empty where the system has no name for it. */
  readonly boot: string;
  /** The machine, and the namespace of processes within it: two containers are two hosts. */
  readonly host: string;
  /** Greater by one with each new owner. */
  readonly token: number;
  /** When it became the owner, by its own clock; milliseconds since 1970. */
  readonly since: number;
  /** When it last said that it is there, by its own clock; milliseconds since 1970. For people: nothing depends on it. */
  readonly heartbeat: number;
}

/** A holder that was looked at. */
export interface SeenHolder extends Holder {
  /** Of its process: `unknown` where it can't be asked about, on another host or in another container. */
  readonly liveness: "alive" | "dead" | "unknown";
}

/** Since when a row has been seen just as it is: what watching a silent owner goes by. */
export interface Sighting {
  readonly version: number;
  readonly sinceMs: number;
}

/** Somebody else drives. */
export interface Held {
  readonly holder: Holder;
  /**
   * `alive`: its process runs, and it is never taken over. `unknown`: it can't be asked about (another host or container,
   * or another opening in this process), and is taken over when it has been watched for 30 s without a heartbeat.
   */
  readonly liveness: "alive" | "unknown";
  /** When to claim again, in milliseconds from now; at most 5,000. */
  readonly lookAgainMs: number;
  /** Belongs to the next claim, as `earlier`: without it, watching starts anew. */
  readonly sighting: Sighting;
}

export interface ClaimOptions {
  /** What the last claim of this mission came to, by the same `steady` clock. */
  readonly earlier?: Held | undefined;
  /** Milliseconds since 1970, for people. @default Date.now() */
  readonly now?: number | undefined;
  /** Milliseconds of a clock that never goes back. @default performance.now() */
  readonly steady?: number | undefined;
}

/** What is to be told while an ownership is kept by {@link Ownership.keep}. */
export interface Keeper {
  /** It was taken over, and not by us: stop at once. Called once. `holder` is undefined where it was released. */
  lost(holder: Holder | undefined): void;
  /** A heartbeat could not be written (the disk is full, the file is busy); the next one is tried all the same. */
  failed(error: unknown): void;
}

/**
 * The right to drive a mission, which one process has at a time.
 *
 * ```ts
 * const claim = Ownership.claim(store, "m1");
 * if (!(claim instanceof Ownership)) return show(claim.holder); // look again after claim.lookAgainMs
 * using owner = claim;
 * owner.keep({ lost: stop, failed: log });
 * using mission = MissionEngine.open(store, "m1", {}, { owner });
 * ```
 *
 * An owner whose process has ended is taken over at once; one that lives never is, however long it was stopped or
 * asleep; one that can't be asked about is after 30 s of silence. Whoever loses it is refused by
 * `MissionEngine.submit` with `ERR_NOT_OWNER`, even if it has not noticed yet: every commit checks the token.
 */
export class Ownership extends Handle<NativeOwnership> {
  readonly missionId: string;
  /** Greater by one with each new owner; never given out twice. */
  readonly token: number;
  #lost = false;
  #timer: NodeJS.Timeout | undefined;

  /** @internal Made by {@link Ownership.claim}. */
  constructor(missionId: string, native: NativeOwnership) {
    super(`The ownership of mission ${missionId}`, native);
    this.missionId = missionId;
    this.token = crossing(() => native.token());
    natives.set(this, () => this.native());
  }

  /**
   * Takes the mission where nobody drives it, or says who does.
   * @param missionId A word without `/`.
   * @throws EngineError one of the store's; `ERR_STORE_INVALID_VALUE` where the row was damaged by hand.
   */
  static claim(store: Store, missionId: string, options: ClaimOptions = {}): Ownership | Held {
    const { earlier, now = Date.now(), steady = performance.now() } = options;
    const { NativeOwnership } = addon();
    const native = nativeOf(store);
    const sighting = earlier && JSON.stringify(earlier.sighting);
    const claim = crossing(() => NativeOwnership.claim(native, missionId, now, steady, sighting));
    return typeof claim === "string" ? (JSON.parse(claim) as Held) : new Ownership(missionId, claim);
  }

  /** Who drives a mission, as the store has it, and whether its process still runs. */
  static holder(store: Store, missionId: string): SeenHolder | undefined {
    const { NativeOwnership } = addon();
    const native = nativeOf(store);
    const holder = crossing(() => NativeOwnership.holder(native, missionId));
    return holder === null ? undefined : (JSON.parse(holder) as SeenHolder);
  }

  /** Whether a renewal found that it was taken over. It never comes back: claim anew. */
  get lost(): boolean {
    return this.#lost;
  }

  /**
   * Says that the owner is still there; to be done every 5 s, which {@link keep} does.
   * @returns Whether it still is the owner.
   * @throws EngineError one of the store's: it could not be written, and the next try may succeed.
   */
  renew(now = Date.now()): boolean {
    return this.#renew(now).kept;
  }

  /** Renews every 5 s until it is lost or disposed of. The timer does not keep the process running. */
  keep(keeper: Keeper): void {
    const native = this.native();
    const heartbeat = crossing(() => native.heartbeatMs());
    this.#stop();
    this.#timer = setInterval(() => this.#beat(keeper), heartbeat);
    this.#timer.unref();
  }

  /** Gives it up, so that anybody gets it at once. What another one has taken over is left alone. */
  override [Symbol.dispose](): void {
    this.#stop();
    if (!natives.delete(this)) return;
    const native = this.native();
    super[Symbol.dispose]();
    try {
      crossing(() => native.release(Date.now()));
    } catch (error) {
      // A store that was closed first can't be told: the row names a process that others will find ended.
      if (!EngineError.is(error, "ERR_CLOSED")) throw error;
    }
  }

  #beat(keeper: Keeper): void {
    let renewal: Renewal;
    try {
      renewal = this.#renew(Date.now());
    } catch (error) {
      keeper.failed(error);
      return;
    }
    if (!renewal.kept) keeper.lost(renewal.holder);
  }

  #renew(now: number): Renewal {
    const native = this.native();
    if (this.#lost) return { kept: false, holder: undefined };
    try {
      crossing(() => native.renew(now));
      return { kept: true };
    } catch (error) {
      if (!EngineError.is(error, "ERR_NOT_OWNER")) throw error;
      this.#lost = true;
      this.#stop();
      return { kept: false, holder: error.details.holder ?? undefined };
    }
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

type Renewal = { readonly kept: true } | { readonly kept: false; readonly holder: Holder | undefined };

const natives = new WeakMap<Ownership, () => NativeOwnership>();

/** @internal The addon's handle, for `MissionEngine`. */
export function nativeOfOwner(owner: Ownership): NativeOwnership {
  const open = natives.get(owner);
  if (open === undefined)
    throw new EngineError("ERR_CLOSED", "This ownership was released, or is of another copy of the package.");
  return open();
}
