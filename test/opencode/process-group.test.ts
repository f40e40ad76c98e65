import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { killMarked, MARK, markedProcesses, type StartOptions, startGroup } from "./process-group.ts";

const place = (extra: Partial<StartOptions> = {}, mark = randomUUID()): StartOptions => ({
  cwd: tmpdir(),
  env: { PATH: process.env["PATH"] ?? "", [MARK]: mark },
  ...extra,
});

const sh = (script: string, options: StartOptions = place()) => startGroup("sh", ["-c", script], options);

test("captures output without escapes, and the code", async () => {
  const { ended } = await sh("printf '\\033[31mred\\033[0m'; echo problem >&2; exit 3");
  expect(await ended).toMatchObject({ code: 3, stdout: "red", stderr: "problem\n", timedOut: false });
});

test("sets PWD to the folder that it runs in, and closes stdin", async () => {
  const { ended } = await sh('echo "$PWD"; cat');
  expect((await ended).stdout.trim()).toBe(tmpdir());
});

test("kills the whole group after the timeout", async () => {
  const mark = randomUUID();
  const { ended } = await sh("sleep 300 & sleep 300", place({ timeout: 100 }, mark));
  expect(await ended).toMatchObject({ code: null, signal: "SIGKILL", timedOut: true });
  await expect.poll(() => markedProcesses(mark)).toEqual([]);
});

test("does not wait for a background child that keeps the output open", async () => {
  const mark = randomUUID();
  const { ended } = await sh("sleep 300 & echo done", place({}, mark));
  const { stdout, ms } = await ended;
  expect(stdout).toBe("done\n");
  expect(ms).toBeLessThan(2_000);
  await killMarked(mark);
});

test("stops politely first, and by force when that is ignored", async () => {
  const polite = await sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
  await expect.poll(() => polite.stdout).toContain("up");
  expect(await polite.stop()).toMatchObject({ code: 0, stdout: "up\nbye\n" });

  const deaf = await sh("trap '' TERM; echo up; while :; do sleep 0.05; done");
  await expect.poll(() => deaf.stdout).toContain("up");
  expect(await deaf.stop(100)).toMatchObject({ signal: "SIGKILL" });
});

test.runIf(process.platform === "linux")(
  "finds and kills a process that moved to another group",
  async () => {
    const mark = randomUUID();
    const { ended } = await sh("setsid sleep 300 & exit 0", place({}, mark));
    await ended;
    await expect
      .poll(async () => (await markedProcesses(mark)).map(({ command }) => command))
      .toEqual(["sleep 300"]);
    await killMarked(mark);
    expect(await markedProcesses(mark)).toEqual([]);
  },
);

test("says when the program is not there", async () => {
  await expect(startGroup("/no/such/program", [], place())).rejects.toThrow("ENOENT");
});
