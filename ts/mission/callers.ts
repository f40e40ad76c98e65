/** Who a session is to a mission, and where it works: the answers that tools and guards go by. */
import type { LeaseView, TaskView } from "../engine/index.ts";
import type { Place } from "./git.ts";
import type { Isolation } from "./isolation.ts";
import type { Sessions } from "./sessions.ts";
import type { Caller } from "./tool-guard.ts";

/** What is asked of the mission. */
export interface CallersParts {
  /** The commander's session. */
  readonly commander: string;
  readonly sessions: Pick<Sessions, "leaseOf" | "agentOf" | "hasServed">;
  readonly isolation: Pick<Isolation, "placeOf">;
  lease(lease: number): LeaseView | undefined;
  task(id: string): TaskView | undefined;
}

/** The sessions of one mission, as those who call its tools. */
export class Callers {
  readonly #parts: CallersParts;

  constructor(parts: CallersParts) {
    this.#parts = parts;
  }

  /** The task that a session works on or reviews; `undefined` for one that does neither. */
  engagementOf(session: string): { readonly lease: number; readonly agent: string } | undefined {
    const { sessions } = this.#parts;
    const lease = sessions.leaseOf(session);
    const agent = sessions.agentOf(session);
    return lease === undefined || agent === undefined ? undefined : { lease, agent };
  }

  /** Where a session works: in the place of its attempt at a task, or in the project's folder. */
  placeOf(session: string): Place {
    const engaged = this.engagementOf(session);
    const lease = engaged === undefined ? undefined : this.#parts.lease(engaged.lease);
    return this.#parts.isolation.placeOf(lease?.task, lease?.copy);
  }

  /** As whom a session calls; `undefined`: it is none of the mission's. */
  of(session: string): Caller | undefined {
    const { commander, sessions } = this.#parts;
    if (session === commander) return { kind: "commander" };
    const engaged = this.engagementOf(session);
    if (engaged === undefined) return sessions.hasServed(session) ? { kind: "former" } : undefined;
    const task = this.taskOf(engaged.lease);
    return { kind: "agent", agent: engaged.agent, ...(task === undefined ? {} : { task }) };
  }

  /** The task that a lease works on or reviews. */
  taskOf(lease: number): TaskView | undefined {
    const id = this.#parts.lease(lease)?.task;
    return id === undefined ? undefined : this.#parts.task(id);
  }
}
