import { tmpdir } from "node:os";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { isRunning } from "../process/running.fixture.ts";
import { runCommand } from "./command.ts";
import { folderWith } from "./folder.fixture.ts";

const here = { cwd: tmpdir(), timeoutMs: 10_000 };

describe("runCommand", () => {
  it("answers the exit code and both streams", async () => {
    const result = await runCommand("echo out; echo err >&2; exit 3", here);
    expect(result).toMatchObject({ code: 3, ended: "exited" });
    expect(result.output).toContain("out");
    expect(result.output).toContain("err");
  });

  it("ends a command that outlives its time, and what that started", async () => {
    const result = await runCommand("sleep 60 & echo $!; wait", { ...here, timeoutMs: 300 });
    expect(result).toMatchObject({ code: null, ended: "timed_out" });
    const child = Number(result.output.trim());
    expect(child).toBeGreaterThan(1);
    await expect.poll(() => isRunning(child)).toBe(false);
  });

  it("does not wait for a process left in the background, and ends it", async () => {
    const result = await runCommand("sleep 60 & echo $!", here);
    expect(result).toMatchObject({ code: 0, ended: "exited" });
    expect(result.durationMs).toBeLessThan(5000);
    await expect.poll(() => isRunning(Number(result.output.trim()))).toBe(false);
  });

  it("keeps the head and the tail of a flood", async () => {
    const result = await runCommand("echo first; seq 1 2000000; echo last", { ...here, keepBytes: 1000 });
    expect(result.output).toMatch(/^first\n/);
    expect(result.output).toMatch(/last$/);
    expect(result.output).toMatch(/… \d+ bytes left out …/);
    expect(result.output.length).toBeLessThan(1100);
  });

  it("stops when it is cancelled", async () => {
    const controller = new AbortController();
    const running = runCommand("sleep 60", { ...here, signal: controller.signal });
    controller.abort();
    expect(await running).toMatchObject({ ended: "cancelled", code: null });
    expect(await runCommand("true", { ...here, signal: controller.signal })).toMatchObject({
      ended: "cancelled",
    });
  });

  it("says so when the folder does not exist", async () => {
    const result = await runCommand("true", { ...here, cwd: "/nonexistent-folder" });
    expect(result.ended).toBe("not_started");
    expect(result.output).toContain("ENOENT");
  });

  it("says so when the command is none: no shell takes a NUL byte", async () => {
    const result = await runCommand("echo a\0b", here);
    expect(result).toMatchObject({ code: null, ended: "not_started" });
    expect(result.output).toMatch(/null bytes/);
  });

  it("answers the code of a command whose group can't be signalled any more", async () => {
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    });
    onTestFinished(() => kill.mockRestore());
    expect(await runCommand("exit 3", here)).toMatchObject({ code: 3, ended: "exited" });
    expect(kill).toHaveBeenCalled();
  });

  it.skipIf(process.platform === "win32")(
    "tells the signal by which somebody else ended the shell",
    async () => {
      const result = await runCommand("kill -9 $$", here);
      expect(result).toMatchObject({ ended: "exited", code: null, signal: "SIGKILL" });
    },
  );

  it("kills a command that will not end when it is asked to", async () => {
    const result = await runCommand("trap '' TERM; echo ready; while :; do sleep 1; done", {
      ...here,
      timeoutMs: 300,
    });
    expect(result).toMatchObject({ code: null, ended: "timed_out", output: "ready" });
    expect(result.durationMs).toBeLessThan(4000);
  });

  it("runs in the folder asked for, which PWD says too, and says that nobody watches", async () => {
    const folder = await folderWith();
    const { output } = await runCommand("pwd -P; printenv PWD; printenv CI", { ...here, cwd: folder });
    expect(output).toBe(`${folder}\n${folder}\n${process.env["CI"] ?? "1"}`);
  });

  it("gives the command nothing to read: it can't wait for an answer", async () => {
    expect(await runCommand("cat; echo over", here)).toMatchObject({ code: 0, output: "over" });
  });
});

/** A process that ended but that nobody has reaped yet (state Z) does not run any more. */
