import { describe, expect, it } from "vitest";
import { briefKey, newMissionId } from "./brief.ts";

describe("a mission's id", () => {
  it("sorts by time", () => {
    const times = [1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000, 2_500_000_000_000];
    const ids = times.map(newMissionId);
    expect([...ids].sort()).toEqual(ids);
  });

  it("is another for each mission of the same millisecond", () => {
    const ids = Array.from({ length: 50 }, () => newMissionId(1_700_000_000_000));
    expect(new Set(ids).size).toBe(50);
  });

  it("is a part of a key of the store, without a separator of its own", () => {
    const id = newMissionId(1_700_000_000_000);
    expect(id).toMatch(/^m[0-9a-z]+-[0-9a-f]{6}$/);
    expect(briefKey(id)).toBe(`brief/${id}`);
  });
});
