import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { STATE_FOLDER, STORE_FILE } from "../mission/orchestrator.ts";
import { done, project, task, USER } from "../mission/project.fixture.ts";
import { status } from "./status.ts";

afterEach(() => vi.restoreAllMocks());

/** What the command prints for a project. */
async function shown(directory: string, ...more: string[]): Promise<string> {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  expect(await status(["--dir", directory, ...more])).toBe(0);
  const text = log.mock.calls.map(([line]) => String(line)).join("\n");
  log.mockRestore();
  return text;
}

it("shows a mission that another process drives, and one that is over", async () => {
  const { host, directory, commander, task: open } = await project({ worker: done }, { review: "never" });
  await open("look at me");
  await commander("submit_plan", { goal: "g", tasks: [task("a")] });
  expect(await shown(directory)).toMatch(
    new RegExp(`: look at me\\n0/1 accepted\\nlast driven by process ${process.pid}\\n  ready\\ta\\t`),
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

it("says what is missing where a project has had no mission, and leaves a damaged store as it is", async () => {
  const { directory, restart, task: open } = await project({});
  await expect(status(["--dir", directory])).rejects.toMatchObject({ exitCode: 3 });
  await expect(status(["--dir", join(directory, "none")])).rejects.toThrow(/there is no folder/);
  await expect(status(["--fly"])).rejects.toMatchObject({ exitCode: 2 });
  await open("soon damaged");
  await restart();
  const path = join(directory, STATE_FOLDER, STORE_FILE);
  writeFileSync(path, "no database\n".repeat(500));
  await expect(status(["--dir", directory])).rejects.toMatchObject({ exitCode: 3 });
  expect(readFileSync(path, "utf8")).toBe("no database\n".repeat(500));
});
