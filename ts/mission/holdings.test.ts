import { expect, it } from "vitest";
import { type Holdings, holdingsText } from "./holdings.ts";

const NONE: Holdings = { sessions: 0, questions: 0, checks: 0, commands: 0, waits: 0, timers: 0 };

it("says what is held and how much of it, and that nothing is", () => {
  expect(holdingsText(NONE)).toBe("held: nothing");
  expect(holdingsText({ ...NONE, sessions: 2, timers: 1 })).toBe("held: sessions 2, timers 1");
});
