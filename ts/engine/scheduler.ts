import { addon } from "./addon.ts";
import type { Outcome } from "./command.ts";
import { crossing } from "./crossing.ts";
import { EngineError } from "./error.ts";
import type { Event } from "./event.ts";
import type { NativeScheduler } from "./native.ts";
import type { SchedulerConfig } from "./plan.ts";
import type { LeaseView, Snapshot, TaskView } from "./snapshot.ts";

/**
 * The core on its own: no clock, no I/O, nothing kept. Events with a time go in, commands come out.
 * For a mission that survives its process use `MissionEngine`.
 *
 * ```ts
 * using scheduler = new Scheduler({ attempts: 2 });
 * const outcomes = scheduler.handle(Date.now(), [{ type: "plan_submitted", plan }, { type: "resumed" }]);
 * ```
 */
export class Scheduler implements Disposable {
  #native: NativeScheduler | undefined;

  /** @throws EngineError `ERR_INVALID_CONFIG` for zero lanes or attempts, or an unknown setting. */
  constructor(config: Partial<SchedulerConfig> = {}) {
    const { NativeScheduler } = addon();
    this.#native = crossing(() => new NativeScheduler(JSON.stringify(config)));
  }

  /**
   * Applies events in order, one outcome each.
   * @param at Milliseconds; a clock that ran backwards is taken as standing still.
   * @throws EngineError `ERR_INVALID_PLAN` with every problem. The events before the refused one have been
   * applied: submit a plan on its own.
   */
  handle(at: number, events: readonly Event[]): Outcome[] {
    const native = this.#open();
    return JSON.parse(crossing(() => native.handle(at, JSON.stringify(events)))) as Outcome[];
  }

  /** The events that time alone brings about by `now`: feed them to {@link handle}. */
  due(now: number): Event[] {
    const native = this.#open();
    return JSON.parse(crossing(() => native.due(now))) as Event[];
  }

  /** The earliest time at which {@link due} has something, or null. */
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

  [Symbol.dispose](): void {
    this.#native = undefined;
  }

  #open(): NativeScheduler {
    if (this.#native === undefined)
      throw new EngineError("ERR_CLOSED", "This scheduler has been disposed of.");
    return this.#native;
  }
}
