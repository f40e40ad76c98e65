import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Shutdown } from "./shutdown.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a shutdown", () => {
  it("runs its handlers by priority, those of one priority together, each once", async () => {
    const log: string[] = [];
    const shutdown = new Shutdown(() => undefined);
    const handler = (name: string, priority: number) => ({
      name,
      priority,
      run: async () => {
        log.push(`+${name}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
        log.push(`-${name}`);
      },
    });
    shutdown.add(handler("store", 1));
    shutdown.add(handler("sessions", 9));
    shutdown.add(handler("commands", 9));
    const ended = Promise.all([shutdown.run(), shutdown.run()]);
    await vi.runAllTimersAsync();
    await ended;
    expect(log).toEqual(["+sessions", "+commands", "-sessions", "-commands", "+store", "-store"]);
  });

  it("leaves a handler that hangs or throws behind, and says so", async () => {
    const failed: string[] = [];
    const ran: string[] = [];
    const shutdown = new Shutdown((name, error) => failed.push(`${name}: ${String(error)}`));
    shutdown.add({ name: "hangs", priority: 2, run: () => new Promise(() => undefined) });
    shutdown.add({
      name: "throws",
      priority: 2,
      run: () => {
        throw new Error("no");
      },
    });
    shutdown.add({ name: "last", priority: 1, run: () => void ran.push("last") });
    const ended = shutdown.run();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(ran).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await ended;
    expect(ran).toEqual(["last"]);
    expect(failed).toEqual([
      "throws: Error: no",
      "hangs: Error: it took longer than 5000 ms and was left behind",
    ]);
  });
});
