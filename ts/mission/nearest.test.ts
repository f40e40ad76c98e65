import { describe, expect, it } from "vitest";
import { nearest } from "./nearest.ts";

describe("nearest", () => {
  it("finds the word that was meant", () => {
    expect(nearest("taskTimoutMs", ["lanes", "taskTimeoutMs", "stallTimeoutMs"])).toBe("taskTimeoutMs");
    expect(nearest("workers", ["planner", "worker", "reviewer"])).toBe("worker");
  });

  it("names nothing where every known word is another altogether", () => {
    expect(nearest("colour", ["lanes", "attempts"])).toBeUndefined();
    expect(nearest("anything", [])).toBeUndefined();
    expect(nearest("", ["lanes"])).toBeUndefined();
  });

  it("does not take a short word for another of which it has no letter", () => {
    expect(nearest("z", ["a", "b"])).toBeUndefined();
    expect(nearest("db", ["ui", "api"])).toBeUndefined();
    expect(nearest("ap", ["ui", "api"])).toBe("api");
  });
});
