/** Budgets: from the user's words to the engine's units, and back into words. */
import type { Budget, MissionView } from "../engine/index.ts";
import type { Settings } from "./settings.ts";

const MICRO = 1_000_000;
const MINUTE_MS = 60_000;

/** The engine's form of the setting `budget`. */
export function budgetOf({ tokens, usd, minutes, calls, children }: Settings["budget"]): Budget {
  return {
    ...(tokens === undefined ? {} : { tokens }),
    ...(usd === undefined ? {} : { microUsd: Math.max(1, Math.round(usd * MICRO)) }),
    ...(minutes === undefined ? {} : { runningMs: Math.max(1, Math.round(minutes * MINUTE_MS)) }),
    ...(calls === undefined ? {} : { calls }),
    ...(children === undefined ? {} : { children }),
  };
}

/** What a mission has used, and of how much, in lines of `name: number`. */
export function usageLines({ used, budget }: Pick<MissionView, "used" | "budget">): readonly string[] {
  const line = (name: string, value: number, limit: number | undefined, digits = 0) =>
    `${name}: ${value.toFixed(digits)}${limit === undefined ? "" : ` of ${limit.toFixed(digits)}`}`;
  const scaled = (limit: number | undefined, by: number) => (limit === undefined ? undefined : limit / by);
  return [
    line("model calls", used.calls, budget.calls),
    line("tokens", used.tokens, budget.tokens),
    line("cost in USD", used.microUsd / MICRO, scaled(budget.microUsd, MICRO), 4),
    line("minutes running", used.runningMs / MINUTE_MS, scaled(budget.runningMs, MINUTE_MS), 1),
    line("sessions opened", used.children, budget.children),
  ];
}
