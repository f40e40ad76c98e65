import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { done, project, task } from "../../mission/project.fixture.ts";
import { uninstall } from "./uninstall.ts";

it("removes all that missions have left, and refuses while one is driven", async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  const { directory, commander, task: open, restart } = await project({ worker: done }, { review: "never" });
  vi.stubEnv("XDG_CONFIG_HOME", join(directory, "..", "no-config"));
  await open("wait for me");
  await commander("submit_plan", { goal: "g", tasks: [task("a")] });
  const before = readdirSync(directory);
  const purge = () => uninstall(["--dir", directory, "--purge", "--yes"]);

  await expect(purge()).rejects.toMatchObject({
    exitCode: 1,
    message: expect.stringContaining("wait for me"),
  });
  expect(readdirSync(directory)).toEqual(before);

  await restart();
  expect(await purge()).toBe(0);
  expect(existsSync(join(directory, ".orchestrator"))).toBe(false);
  expect(readdirSync(directory)).toEqual(before.filter((name) => name !== ".orchestrator"));
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
