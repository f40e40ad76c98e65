import { expect, test } from "vitest";
import { seedOf } from "./seed.ts";

test("a seed that is given is taken as it is, 0 and wrong ones too", () => {
  for (const seed of [0, 7, -1, 0.5, Number.NaN]) expect(seedOf({ seed })).toBe(seed);
});

test("without one, each object gets another, whole and exact", () => {
  const seeds = Array.from({ length: 20 }, () => seedOf({}));
  expect(seeds.every(Number.isSafeInteger)).toBe(true);
  expect(new Set(seeds).size).toBeGreaterThan(1);
});
