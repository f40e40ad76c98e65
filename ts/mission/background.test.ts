import { tmpdir } from "node:os";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { isRunning } from "../process/running.fixture.ts";
import { Background, type BackgroundCommand } from "./background.ts";

const here = { owner: 1, cwd: tmpdir(), timeoutMs: 20_000 };

function commands(): Background {
  const background = new Background();
  onTestFinished(() => background.keep(() => false));
  return background;
}

/** Waits until a command has ended. */
async function over(background: Background, id: string): Promise<BackgroundCommand> {
  await expect.poll(() => background.check(1, id).state, { timeout: 8000 }).not.toBe("running");
  return background.check(1, id);
}

/** Waits until a command has printed process ids. */
async function pidsOf(background: Background, id: string, count: number): Promise<number[]> {
  const pids = () => background.check(1, id).output.split("\n").map(Number).filter(Boolean);
  await expect.poll(pids).toHaveLength(count);
  return pids();
}

describe("a background command", () => {
  it("runs on, and is told of with both streams and its exit code", async () => {
    const background = commands();
    const { id, state } = background.run("echo out; echo err >&2; sleep 0.2; exit 3", here);
    expect(state).toBe("running");
    const ended = await over(background, id);
    expect(ended).toMatchObject({ id: "bg1", state: "exited", code: 3 });
    expect(ended.output.split("\n").sort()).toEqual(["err", "out"]);
  });

  it("keeps the head and the tail of a flood", async () => {
    const background = commands();
    const { id } = background.run("echo first; seq 1 200000; echo last", here);
    await over(background, id);
    await expect
      .poll(() => background.check(1, id).output)
      .toMatch(/^first\n.*… \d+ bytes left out ….*last$/s);
    expect(background.check(1, id).output.length).toBeLessThan(17_000);
  });

  it("ends with all that it started when it is killed, also what does not end when asked to", async () => {
    const background = commands();
    const { id } = background.run(
      "trap '' TERM; sleep 60 & echo $$; echo $!; while :; do sleep 1; done",
      here,
    );
    const pids = await pidsOf(background, id, 2);
    expect(pids.map(isRunning)).toEqual([true, true]);
    expect(background.kill(1, id)).toMatchObject({ state: "killed", code: null });
    await expect.poll(() => pids.some(isRunning), { timeout: 6000 }).toBe(false);
  });

  it("leaves nothing behind when it ends by itself", async () => {
    const background = commands();
    const { id } = background.run("sleep 60 & echo $!", here);
    const [child = 0] = await pidsOf(background, id, 1);
    expect(await over(background, id)).toMatchObject({ state: "exited", code: 0 });
    await expect.poll(() => isRunning(child)).toBe(false);
  });

  it("ends when its time is over", async () => {
    const background = commands();
    const { id } = background.run("sleep 60", { ...here, timeoutMs: 200 });
    expect(await over(background, id)).toMatchObject({ state: "timed_out", code: null });
  });

  it("that can't be started says why", async () => {
    const background = commands();
    const { id } = background.run("true", { ...here, cwd: "/nonexistent-folder" });
    expect(await over(background, id)).toMatchObject({
      state: "not_started",
      output: expect.stringContaining("ENOENT"),
    });
    expect(background.run("echo a\0b", here)).toMatchObject({ state: "not_started" });
  });

  it("is not given the keys of model providers", async () => {
    vi.stubEnv("ANTHROPIC_API_KEY", "sk-secret");
    onTestFinished(() => void vi.unstubAllEnvs());
    const background = commands();
    const { id } = background.run('echo "key=$ANTHROPIC_API_KEY."', here);
    await over(background, id);
    await expect.poll(() => background.check(1, id).output).toBe("key=.");
  });
});

describe("the background commands of an owner", () => {
  it("are its own: nobody else sees or ends them", () => {
    const background = commands();
    const { id } = background.run("sleep 60", here);
    expect(background.list("commander")).toEqual([]);
    expect(() => background.kill("commander", id)).toThrow(
      'no background command "bg1" of yours; there is none',
    );
    expect(background.list(1)).toMatchObject([{ id, state: "running" }]);
  });

  it("end with it, and those of others do not", async () => {
    const background = commands();
    const { id } = background.run("echo $$; sleep 60", here);
    background.run("sleep 60", { ...here, owner: "commander" });
    const [pid = 0] = await pidsOf(background, id, 1);
    background.keep((owner) => owner === "commander");
    expect(background.list(1)).toEqual([]);
    await expect.poll(() => isRunning(pid)).toBe(false);
    expect(background.list("commander")).toMatchObject([{ state: "running" }]);
  });

  it("are eight at once at most; of those that ended the oldest are forgotten", async () => {
    const background = commands();
    for (let count = 0; count < 40; count += 1) {
      const { id } = background.run("echo a\0b", here);
      expect(background.check(1, id).state).toBe("not_started");
    }
    expect(background.list(1)).toHaveLength(32);
    for (let count = 0; count < 8; count += 1) background.run("sleep 60", here);
    expect(() => background.run("sleep 60", here)).toThrow(
      /8 commands run in the background already \(bg41, /,
    );
    expect(background.list(1)).toHaveLength(32);
  });
});
