import { expect, test } from "vitest";
import { type BufferClass, type PoolCounts, poolStatistics, Scheduler } from "../../ts/engine/index.ts";
import { submitted, task } from "./plans.ts";
import { differences, type Fields } from "./shapes.ts";

const COUNTS: Fields<PoolCounts> = {
  taken: "needed",
  reused: "needed",
  allocated: "needed",
  discarded: "needed",
  outstanding: "needed",
  highWater: "needed",
  idle: "needed",
};
const CLASS: Fields<BufferClass> = { bytes: "needed", ...COUNTS };

test("the statistics have the fields of their types, and a class for each size", () => {
  const { classes, oversize } = poolStatistics().buffers;
  expect(classes.map(({ bytes }) => bytes)).toEqual([1_024, 4_096, 16_384, 65_536]);
  expect(differences("BufferClass", CLASS, classes)).toEqual([]);
  expect(differences("PoolCounts", COUNTS, [oversize])).toEqual([]);
});

test("answers use one buffer again and again, and all are back when they have crossed", () => {
  using scheduler = new Scheduler();
  scheduler.snapshot();
  const before = counts();
  for (let i = 0; i < 100; i++) scheduler.snapshot();
  const after = counts();
  expect(after.reused - before.reused).toBeGreaterThanOrEqual(100);
  expect(after.allocated).toBe(before.allocated);
  expect(after.outstanding).toBe(0);
});

test("a buffer that grew too large to be kept is back, too", () => {
  using scheduler = new Scheduler();
  scheduler.handle(1, [submitted([task("a", { prompt: "x".repeat(200_000) })])]);
  const before = counts();
  expect(scheduler.spec("a")?.prompt).toHaveLength(200_000);
  expect(counts().discarded - before.discarded).toBe(1);
  expect(counts().outstanding).toBe(0);
});

/** All classes together. */
function counts(): PoolCounts {
  const { classes } = poolStatistics().buffers;
  const sum = (of: keyof PoolCounts) => classes.reduce((all, one) => all + one[of], 0);
  return {
    taken: sum("taken"),
    reused: sum("reused"),
    allocated: sum("allocated"),
    discarded: sum("discarded"),
    outstanding: sum("outstanding"),
    highWater: sum("highWater"),
    idle: sum("idle"),
  };
}
