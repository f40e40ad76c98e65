import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Alarm } from "./alarm.ts";

const DAY_MS = 24 * 60 * 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("rings once, at the time that was set last", () => {
  const rings: number[] = [];
  const begun = Date.now();
  const alarm = new Alarm(() => rings.push(Date.now() - begun));
  alarm.set(begun + 100);
  alarm.set(begun + 300);
  expect(alarm.isSet).toBe(true);
  vi.advanceTimersByTime(1_000);
  expect(rings).toEqual([300]);
  expect(alarm.isSet).toBe(false);
});

it("rings at once for a time that is past, and never when it is set to none", () => {
  const ring = vi.fn();
  const alarm = new Alarm(ring);
  alarm.set(Date.now() - 5);
  alarm.set(null);
  vi.advanceTimersByTime(1_000);
  expect(ring).not.toHaveBeenCalled();
  alarm.set(Date.now() - 5);
  vi.advanceTimersByTime(0);
  expect(ring).toHaveBeenCalledOnce();
});

it("reaches a time beyond the longest timer in several steps", () => {
  const begun = Date.now();
  let rings = 0;
  const alarm = new Alarm(() => {
    rings += 1;
    if (Date.now() < begun + 60 * DAY_MS) alarm.set(begun + 60 * DAY_MS);
  });
  alarm.set(begun + 60 * DAY_MS);
  vi.advanceTimersByTime(59 * DAY_MS);
  expect(rings).toBe(2);
  vi.advanceTimersByTime(DAY_MS);
  expect(rings).toBe(3);
});
