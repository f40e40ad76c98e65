import { afterEach, describe, expect, it, vi } from "vitest";
import { done, project, task } from "../mission/project.fixture.ts";
import { status } from "./status.ts";
import { stop } from "./stop.ts";

afterEach(() => vi.restoreAllMocks());

/** What a command prints as JSON. */
async function printed(command: () => Promise<number>): Promise<Readonly<Record<string, unknown>>> {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  expect(await command()).toBe(0);
  const text = String(log.mock.calls[0]?.[0]);
  log.mockRestore();
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

describe("orchestrator stop", () => {
  const planned = async () => {
    const opened = await project({ worker: done }, { review: "never" });
    await opened.task("give me up");
    await opened.commander("submit_plan", { goal: "g", tasks: [task("a")] });
    return opened;
  };

  it("gives up a mission that nobody drives, once", async () => {
    const { directory, restart } = await planned();
    await restart();
    const args = ["--dir", directory, "--json"];
    expect(await printed(() => stop(args))).toMatchObject({ objective: "give me up", outcome: "cancelled" });
    expect(await printed(() => status(args))).toMatchObject({
      phase: "done",
      outcome: "cancelled",
      tasks: [{ id: "a", state: "cancelled" }],
    });
    await expect(stop(args)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining("there is no unfinished mission"),
    });
  });

  it("leaves a mission that an OpenCode drives alone, and names its process", async () => {
    const { directory } = await planned();
    await expect(stop(["--dir", directory])).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await printed(() => status(["--dir", directory, "--json"]))).toMatchObject({ phase: "planning" });
  });

  it("refuses what it does not know", async () => {
    const { directory, restart } = await planned();
    await restart();
    await expect(stop(["nobody", "--dir", directory])).rejects.toThrow(/no unfinished mission nobody/);
    await expect(stop(["one", "two"])).rejects.toMatchObject({ exitCode: 2 });
    await expect(stop(["--fly"])).rejects.toMatchObject({ exitCode: 2 });
  });
});
