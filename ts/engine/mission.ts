import { addon } from "./addon.ts";
import type { Outcome } from "./command.ts";
import { crossing } from "./crossing.ts";
import { EngineError } from "./error.ts";
import type { Event } from "./event.ts";
import type { NativeMission } from "./native.ts";
import type { SchedulerConfig } from "./plan.ts";
import type { LeaseView, Snapshot, TaskView } from "./snapshot.ts";
import { nativeOf, type Store } from "./store.ts";

/**
 * A scheduler whose every event is in the store before its commands come out. Opening it again, in this
 * process or another, replays the journal and goes on where it was.
 *
 * Kept in the store: the journal stream `mission/<id>`, and as documents `mission/<id>` (a `MissionView`) and
 * `mission/<id>/task/<taskId>` (a `TaskView`), written in the same commit as the events that change them.
 */
export class MissionEngine implements Disposable {
  readonly id: string;
  #native: NativeMission | undefined;

  private constructor(id: string, native: NativeMission) {
    this.id = id;
    this.#native = native;
  }

  /**
   * @param config Has to be the one that the mission began with, or the replay would decide differently.
   * @throws EngineError `ERR_INVALID_CONFIG`, `ERR_JOURNAL`, or one of the store's.
   */
  static open(store: Store, missionId: string, config: Partial<SchedulerConfig> = {}): MissionEngine {
    const { NativeMission } = addon();
    const native = nativeOf(store);
    return new MissionEngine(
      missionId,
      crossing(() => NativeMission.open(native, missionId, JSON.stringify(config))),
    );
  }

  /**
   * Applies the events and commits them, all in one commit; only then are there outcomes, one an event.
   * @throws EngineError `ERR_INVALID_PLAN` with every problem, or one of the store's when the commit failed:
   * then nothing has happened and the same events can be submitted again.
   */
  submit(at: number, events: readonly Event[]): Outcome[] {
    const native = this.#open();
    return JSON.parse(crossing(() => native.submit(at, JSON.stringify(events)))) as Outcome[];
  }

  /** Lets time pass: stalls, timeouts and due retries, decided and journaled as the events that they are. */
  tick(now: number): Outcome[] {
    const native = this.#open();
    return JSON.parse(crossing(() => native.tick(now))) as Outcome[];
  }

  /** The earliest time at which {@link tick} has something to do, or null. */
  nextWake(): number | null {
    const native = this.#open();
    return crossing(() => native.nextWake());
  }

  snapshot(): Snapshot {
    const native = this.#open();
    return JSON.parse(crossing(() => native.snapshot())) as Snapshot;
  }

  task(id: string): TaskView | undefined {
    const native = this.#open();
    const view = crossing(() => native.task(id));
    return view === null ? undefined : (JSON.parse(view) as TaskView);
  }

  lease(id: number): LeaseView | undefined {
    const native = this.#open();
    const lease = crossing(() => native.lease(id));
    return lease === null ? undefined : (JSON.parse(lease) as LeaseView);
  }

  leaseOfSession(session: string): LeaseView | undefined {
    const native = this.#open();
    const lease = crossing(() => native.leaseOfSession(session));
    return lease === null ? undefined : (JSON.parse(lease) as LeaseView);
  }

  /** Lets go of the memory; what is in the store stays. The store is the caller's to close. */
  [Symbol.dispose](): void {
    this.#native = undefined;
  }

  #open(): NativeMission {
    if (this.#native === undefined)
      throw new EngineError("ERR_CLOSED", `Mission ${this.id} has been disposed of.`);
    return this.#native;
  }
}
