/** What a mission holds in this process while it goes on: once it is over, nothing. */

/** How much there is of each. */
export interface Holdings {
  /** Sessions that a task or a review has been given. */
  readonly sessions: number;
  /** Permission questions that are open. */
  readonly questions: number;
  /** Verifications that run. */
  readonly checks: number;
  /** Background commands that run. */
  readonly commands: number;
  /** Tool calls that wait for the mission to move. */
  readonly waits: number;
  readonly timers: number;
}

/** In one line, for people. */
export function holdingsText(holdings: Holdings): string {
  const held = Object.entries(holdings).filter(([, count]) => count > 0);
  return `held: ${held.length === 0 ? "nothing" : held.map(([name, count]) => `${name} ${count}`).join(", ")}`;
}
