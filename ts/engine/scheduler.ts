import { addon } from "./addon.ts";
import type { Outcome } from "./command.ts";
import { crossing } from "./crossing.ts";
import type { Event } from "./event.ts";
import type { NativeScheduler } from "./native.ts";
import type { SchedulerConfig } from "./plan.ts";
import { SchedulerView } from "./view.ts";

/**
 * The core on its own: no clock, no I/O, nothing kept. Events with a time go in, commands come out.
 * For a mission that survives its process use `MissionEngine`.
 *
 * ```ts
 * using scheduler = new Scheduler({ attempts: 2 });
 * const outcomes = scheduler.handle(Date.now(), [{ type: "plan_submitted", plan }, { type: "resumed" }]);
 * ```
 */
export class Scheduler extends SchedulerView<NativeScheduler> {
  /** @throws EngineError `ERR_INVALID_CONFIG` for zero lanes or attempts, or an unknown setting. */
  constructor(config: Partial<SchedulerConfig> = {}) {
    const { NativeScheduler } = addon();
    super(
      "This scheduler",
      crossing(() => new NativeScheduler(JSON.stringify(config))),
    );
  }

  /**
   * Applies events in order, one outcome each.
   * @param at Milliseconds; a clock that ran backwards is taken as standing still.
   * @throws EngineError `ERR_INVALID_PLAN` with every problem. The events before the refused one have been
   * applied: submit a plan on its own.
   */
  handle(at: number, events: readonly Event[]): Outcome[] {
    const native = this.native();
    return JSON.parse(crossing(() => native.handle(at, JSON.stringify(events)))) as Outcome[];
  }

  /** The events that time alone brings about by `now`: feed them to {@link handle}. */
  due(now: number): Event[] {
    const native = this.native();
    return JSON.parse(crossing(() => native.due(now))) as Event[];
  }
}
