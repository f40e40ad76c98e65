import { crossing } from "./crossing.ts";
import type { Problem } from "./error.ts";
import { Handle } from "./handle.ts";
import type { NativeView } from "./native.ts";
import type { Plan, TaskSpec } from "./plan.ts";
import type { LeaseView, Snapshot, TaskView } from "./snapshot.ts";

/** What can be asked of a scheduler, with or without a store below it. Nothing here changes anything. */
export abstract class SchedulerView<Native extends NativeView> extends Handle<Native> {
  /** The earliest time at which time alone brings something about, or null. */
  nextWake(): number | null {
    const native = this.native();
    return crossing(() => native.nextWake());
  }

  /** Everything. Its cost grows with the number of tasks. */
  snapshot(): Snapshot {
    const native = this.native();
    return JSON.parse(crossing(() => native.snapshot())) as Snapshot;
  }

  /** A task as it stands. */
  task(id: string): TaskView | undefined {
    const native = this.native();
    const view = crossing(() => native.task(id));
    return view === null ? undefined : (JSON.parse(view) as TaskView);
  }

  /** A task as it was asked for, with its prompt and checks. */
  spec(id: string): Required<TaskSpec> | undefined {
    const native = this.native();
    const spec = crossing(() => native.spec(id));
    return spec === null ? undefined : (JSON.parse(spec) as Required<TaskSpec>);
  }

  /** Every problem that a plan would have if it were submitted now, each with its path. */
  check(plan: Plan): Problem[] {
    const native = this.native();
    return JSON.parse(crossing(() => native.checkPlan(JSON.stringify(plan)))) as Problem[];
  }

  /** A lease, while it lives. */
  lease(id: number): LeaseView | undefined {
    const native = this.native();
    const lease = crossing(() => native.lease(id));
    return lease === null ? undefined : (JSON.parse(lease) as LeaseView);
  }

  /** The live lease that a session belongs to. */
  leaseOfSession(session: string): LeaseView | undefined {
    const native = this.native();
    const lease = crossing(() => native.leaseOfSession(session));
    return lease === null ? undefined : (JSON.parse(lease) as LeaseView);
  }
}
