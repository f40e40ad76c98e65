import { afterEach, describe, expect, it, vi } from "vitest";
import { ExitCode } from "./exit.ts";

const { argv } = process;

afterEach(() => {
  process.argv = argv;
  process.exitCode = undefined;
  vi.restoreAllMocks();
  vi.resetModules();
});

/** Runs the program with these arguments, as the shell would. */
async function run(...args: string[]) {
  const out = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const err = vi.spyOn(console, "error").mockImplementation(() => undefined);
  process.argv = ["node", "orchestrator", ...args];
  await import("./main.ts");
  const text = (spy: typeof out) => spy.mock.calls.map(([line]) => String(line)).join("\n");
  return { code: process.exitCode, out: text(out), err: text(err) };
}

describe("orchestrator", () => {
  it.each(["--help", "-h", "help"])("shows its commands when asked: %s", async (flag) => {
    const { code, out, err } = await run(flag);
    expect(code).toBe(ExitCode.Done);
    expect(out).toMatch(/^Usage: orchestrator <command>/);
    expect(out).toMatch(/^ {2}demo +\S/m);
    expect(err).toBe("");
  });

  it("without a command is a mistake in its use, and shows them as well", async () => {
    const { code, out } = await run();
    expect(code).toBe(ExitCode.Usage);
    expect(out).toMatch(/^Usage: orchestrator <command>/);
  });

  it.each(["fly", "constructor", "--fly"])("refuses a command that it does not have: %s", async (name) => {
    const { code, out, err } = await run(name);
    expect(code).toBe(ExitCode.Usage);
    expect(err).toMatch(new RegExp(`^orchestrator: no command "${name}"`));
    expect(err).toContain("Usage: orchestrator <command>");
    expect(out).toBe("");
  });
});

describe("orchestrator demo", () => {
  it("shows what it takes when asked", async () => {
    const { code, out } = await run("demo", "--help");
    expect(code).toBe(ExitCode.Done);
    expect(out).toMatch(/^Usage: orchestrator demo/);
  });

  it.each([
    [["--colour"], /--colour/],
    [["--model", "gpt"], /--model takes provider\/model, not "gpt"/],
    [["--model"], /--model/],
    [["extra"], /extra/],
    [["--objective", "something else"], /give --model too/],
  ])("refuses what it can't do, before it starts anything: %j", async (args, message) => {
    const { code, err } = await run("demo", ...args);
    expect(code).toBe(ExitCode.Usage);
    expect(err).toMatch(message);
    expect(err).toContain("Usage: orchestrator demo");
  });
});
