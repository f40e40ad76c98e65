import { addon } from "./addon.ts";
import type { Outcome } from "./command.ts";
import { crossing } from "./crossing.ts";
import type { Event } from "./event.ts";
import type { NativeMission } from "./native.ts";
import { nativeOfOwner, type Ownership } from "./ownership.ts";
import type { SchedulerConfig } from "./plan.ts";
import { nativeOf, type Store } from "./store.ts";
import { SchedulerView } from "./view.ts";
import { committed } from "./watch.ts";

export interface MissionOptions {
  /**
   * Who drives it: each commit then checks that it still does. Without it anybody who opens the mission may, and of
   * those who do at once the second is refused.
   */
  readonly owner?: Ownership | undefined;
}

/**
 * A scheduler whose every event is in the store before its commands come out. Opening it again, in this
 * process or another, replays the journal and goes on where it was.
 *
 * Kept in the store: the journal stream `mission/<id>`, and as documents `mission/<id>` (a `MissionView`) and
 * `mission/<id>/task/<taskId>` (a `TaskView`), written in the same commit as the events that change them.
 *
 * After a crash the sessions may be gone and the last commands may never have left: submit `paused`, and `resumed` when
 * the user wants it. Turns then begin anew and checks are asked for again.
 */
export class MissionEngine extends SchedulerView<NativeMission> {
  readonly id: string;
  readonly #path: string;

  private constructor(id: string, path: string, native: NativeMission) {
    super(`Mission ${id}`, native);
    this.id = id;
    this.#path = path;
  }

  /**
   * @param missionId A word without `/`.
   * @param config For a new mission; one that the store has keeps the settings that it began with.
   * @throws EngineError `ERR_INVALID_CONFIG`, `ERR_JOURNAL`, or one of the store's; `ERR_CLOSED` for an owner that was
   * disposed of, `ERR_INVALID_INPUT` for the owner of another mission.
   */
  static open(
    store: Store,
    missionId: string,
    config: Partial<SchedulerConfig> = {},
    options: MissionOptions = {},
  ): MissionEngine {
    const { NativeMission } = addon();
    const native = nativeOf(store);
    const owner = options.owner && nativeOfOwner(options.owner);
    return new MissionEngine(
      missionId,
      store.path,
      crossing(() => NativeMission.open(native, missionId, JSON.stringify(config), owner)),
    );
  }

  /**
   * Applies the events and commits them, all in one commit; only then are there outcomes, one an event.
   * @throws EngineError `ERR_INVALID_PLAN` with every problem, or `ERR_JOURNAL` when the commit failed: then
   * nothing has happened and the same events can be submitted again. `ERR_NOT_OWNER` when the owner was taken over:
   * nothing has happened, and never will from here.
   */
  submit(at: number, events: readonly Event[]): Outcome[] {
    const native = this.native();
    const outcomes = crossing(() => native.submit(at, JSON.stringify(events)));
    committed(this.#path);
    return JSON.parse(outcomes) as Outcome[];
  }

  /**
   * Lets time pass: stalls, timeouts and due retries, decided and journaled as the events that they are; and `poll`
   * commands, which are no decision: a tick that brings nothing else writes nothing.
   */
  tick(now: number): Outcome[] {
    const native = this.native();
    const outcomes = crossing(() => native.tick(now));
    committed(this.#path);
    return JSON.parse(outcomes) as Outcome[];
  }
}
