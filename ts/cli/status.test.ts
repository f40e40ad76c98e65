import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { STATE_FOLDER, STORE_FILE } from "../mission/orchestrator.ts";
import { done, project, task, USER } from "../mission/project.fixture.ts";
import { status } from "./status.ts";

afterEach(() => vi.restoreAllMocks());

/** What the command prints for a project. */
async function shown(directory: string, ...more: string[]): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  expect(await status([...more, "--dir", directory])).toBe(0);
  const text = log.mock.calls.map(([line]) => String(line)).join("\n");
  log.mockRestore();
  return text;
}

describe("orchestrator status", () => {
  it("shows a mission that a process drives, and one that is over", async () => {
    const { host, directory, commander, task: open } = await project({ worker: done }, { review: "never" });
    await open("look at me");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    expect(await shown(directory)).toMatch(
      new RegExp(
        `: look at me\\nplanning · 0/1 accepted\\ndriven by process ${process.pid}\\n  ready\\ta\\t`,
      ),
    );
    await commander("run_mission");
    expect(JSON.parse(await shown(directory, "--json"))).toMatchObject({
      objective: "look at me",
      phase: "done",
      outcome: "accepted",
      tasks: [{ id: "a", state: "accepted" }],
    });
    expect((await host.command(USER, "mission")).prompt).toContain("over: accepted");
  });

  it("lists all missions, the newest first, and shows the one that is named; of an unknown one it names the nearest", async () => {
    const {
      directory,
      commander,
      task: open,
      restart,
    } = await project({ worker: done }, { review: "never" });
    await open("the first");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    await commander("run_mission");
    await open("the second");
    await commander("submit_plan", { goal: "g", tasks: [task("b")] });
    await restart();

    const both = JSON.parse(await shown(directory, "--json"));
    expect(both.missions).toMatchObject([
      { objective: "the second", phase: "planning" },
      { objective: "the first", outcome: "accepted" },
    ]);
    const text = await shown(directory);
    expect(text).toMatch(
      /: the second\nplanning · .*\nnobody drives it; `orchestrator resume` goes on with it/,
    );
    expect(text).toMatch(/\n\nEarlier missions:\n {2}\S+\taccepted · the first$/);

    const { id } = both.missions[1];
    expect(await shown(directory, id)).toMatch(/: the first\nover: accepted · /);
    await expect(status([`${id}x`, "--dir", directory])).rejects.toMatchObject({
      exitCode: 1,
      message: `there is no mission ${id}x; did you mean ${id}?`,
    });
    await expect(status(["entirely-something-else", "--dir", directory])).rejects.toThrow(/; there are: /);
  });

  it("says what is missing where a project has had no mission, and makes nothing there", async () => {
    const { directory } = await project({});
    await expect(status(["--dir", directory])).rejects.toMatchObject({ exitCode: 3 });
    mkdirSync(join(directory, STATE_FOLDER), { recursive: true });
    await expect(status(["--dir", directory])).rejects.toMatchObject({ exitCode: 3 });
    expect(existsSync(join(directory, STATE_FOLDER, STORE_FILE))).toBe(false);
    await expect(status(["--dir", join(directory, "none")])).rejects.toThrow(/there is no folder/);
    await expect(status(["--fly"])).rejects.toMatchObject({ exitCode: 2 });
    await expect(status(["one", "two"])).rejects.toMatchObject({ exitCode: 2 });
  });

  it("leaves a damaged store as it is", async () => {
    const { directory, restart, task: open } = await project({});
    await open("soon damaged");
    await restart();
    const path = join(directory, STATE_FOLDER, STORE_FILE);
    writeFileSync(path, "no database\n".repeat(500));
    await expect(status(["--dir", directory])).rejects.toMatchObject({ exitCode: 3 });
    expect(readFileSync(path, "utf8")).toBe("no database\n".repeat(500));
  });
});
