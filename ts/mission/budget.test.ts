import { expect, test } from "vitest";
import { budgetOf, usageLines } from "./budget.ts";

test("a budget crosses in the engine's units, and what is not limited stays away", () => {
  expect(budgetOf({ usd: 2.5, minutes: 1.5, tokens: 9 })).toEqual({
    tokens: 9,
    microUsd: 2_500_000,
    runningMs: 90_000,
  });
  expect(budgetOf({})).toEqual({});
});

test("a limit too small for a whole unit is not taken for none", () => {
  expect(budgetOf({ usd: 1e-9 })).toEqual({ microUsd: 1 });
});

test("what was used is told with its limit, where there is one", () => {
  const used = { tokens: 1200, microUsd: 1_234_567, runningMs: 90_000, calls: 7, children: 3 };
  expect(usageLines({ used, budget: { microUsd: 2_000_000, calls: 10 } })).toEqual([
    "model calls: 7 of 10",
    "tokens: 1200",
    "cost in USD: 1.2346 of 2.0000",
    "minutes running: 1.5",
    "sessions opened: 3",
  ]);
});
