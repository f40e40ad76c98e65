/** What workers ask for beyond their files, and what is answered. Who gets what is the engine's to decide. */
import type { Command, Event, Outcome } from "../engine/index.ts";

type Answer = Extract<Command, { type: "scope_answered" }>;

/** The scope requests of one mission. */
export class ScopeRequests {
  readonly #submit: (event: Event) => Outcome | undefined;
  /** Answers that nobody has been told yet, by lease. */
  readonly #answers = new Map<number, Answer[]>();

  constructor(submit: (event: Event) => Outcome | undefined) {
    this.#submit = submit;
  }

  /**
   * Asks for files. The engine answers at once: where another task is at work on them, that they are not given now. The
   * commander's word comes later, and the call does not wait for it: a commander in `run_mission` waits for this very task.
   */
  ask(lease: number, files: readonly string[], reason: string): readonly string[] {
    const outcome = this.#submit({ type: "scope_requested", lease, files, reason });
    if (outcome?.ignored !== undefined) return [`Not recorded: ${outcome.ignored}.`];
    return this.take(lease);
  }

  /** Takes in an answer of the engine's. */
  answered(answer: Answer): void {
    this.#answers.set(answer.lease, [...(this.#answers.get(answer.lease) ?? []), answer]);
  }

  /** What a lease has not been told yet, a sentence each. */
  take(lease: number): readonly string[] {
    const answers = this.#answers.get(lease) ?? [];
    this.#answers.delete(lease);
    return answers.map(told);
  }

  /** Forgets the leases that have ended. */
  keep(isLive: (lease: number) => boolean): void {
    for (const lease of this.#answers.keys()) if (!isLive(lease)) this.#answers.delete(lease);
  }
}

function told({ granted, files, reason }: Answer): string {
  const named = files.join(", ");
  return granted
    ? `Granted: ${named} is within your task's files now (${reason}).`
    : `Not granted: ${named}: ${reason}. Do what you can without; if nothing is left to do, report "blocked" and name what you need.`;
}
