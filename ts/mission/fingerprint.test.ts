import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { callOf, diffOf, errorOf } from "./fingerprint.ts";
import { folderWith } from "./folder.fixture.ts";
import { sinceLastCommit } from "./git.ts";
import { RepeatedCalls } from "./repeated-calls.ts";
import { repositoryWith } from "./repository.fixture.ts";

describe("the fingerprint of a diff", () => {
  const witnesses = (scope: readonly string[]) => ({ written: [], reported: [], scope });

  it("changes with a file of the scope, and not with one of another task", async () => {
    const folder = await repositoryWith({ "a.txt": "1", "b.txt": "1" });
    const look = () => diffOf(sinceLastCommit(folder), witnesses(["a.txt"]));
    const before = await look();
    await writeFile(join(folder, "b.txt"), "2");
    expect(await look()).toBe(before);
    await writeFile(join(folder, "a.txt"), "2");
    expect(await look()).not.toBe(before);
    await writeFile(join(folder, "a.txt"), "1");
    expect(await look()).toBe(before);
  });

  it("takes in every change of the folder for a task that declares no files", async () => {
    const folder = await repositoryWith({ "a.txt": "1" });
    const look = () => diffOf(sinceLastCommit(folder), witnesses([]));
    const before = await look();
    await writeFile(join(folder, "new.txt"), "2");
    expect(await look()).not.toBe(before);
  });

  it("is unknown without git", async () => {
    const folder = await folderWith({ "a.txt": "1" });
    expect(await diffOf(sinceLastCommit(folder), witnesses(["a.txt"]))).toBeUndefined();
  });
});

describe("the fingerprint of an error", () => {
  const same = [
    ["a.ts:3:14: no such name (12 ms)", "a.ts:7:1: no such name (9 ms)"],
    ["at /tmp/run-ab12/x.js:3 0xdeadbeef", "at /tmp/run-zz/y.js:9 0xfeed"],
    ["in /project/a.ts\n  failed", "in ./a.ts failed"],
    ["\u001b[31mred\u001b[0m", "red"],
  ] as const;
  it.each(same)("leaves out what differs each time: %j", (one, other) => {
    expect(errorOf(one, "/project")).toBe(errorOf(other, "/project"));
  });

  it("tells errors apart whose long beginnings are alike", () => {
    const head = "building\n".repeat(300);
    expect(errorOf(`${head}no such name`, "/p")).not.toBe(errorOf(`${head}no such file`, "/p"));
  });
});

describe("a tool call", () => {
  it("is the same in whatever order its arguments come", () => {
    expect(callOf("read", { b: 1, a: { d: 2, c: 3 } })).toBe(callOf("read", { a: { c: 3, d: 2 }, b: 1 }));
    expect(callOf("read", { offset: 1 })).not.toBe(callOf("read", { offset: 2 }));
  });

  it("is counted in a row within a turn, and from one again after another call or in the next turn", () => {
    const calls = new RepeatedCalls();
    const times = (turn: number, path: string) => calls.note("s", turn, "read", { path }).times;
    expect([times(1, "a"), times(1, "a"), times(1, "b"), times(1, "a"), times(1, "a")]).toEqual([
      1, 2, 1, 1, 2,
    ]);
    expect(times(2, "a")).toBe(1);
    expect(calls.note("other", 2, "read", { path: "a" }).times).toBe(1);
  });

  it("that looks how far something is may come as often as it likes", () => {
    const calls = new RepeatedCalls();
    const check = () => calls.note("s", 1, "background", { action: "check" }).times;
    expect([check(), check(), check()]).toEqual([1, 1, 1]);
  });

  it("stands for its turn where the turn did nothing else but report", () => {
    const calls = new RepeatedCalls();
    calls.note("s", 1, "bash", { command: "npm test" });
    calls.note("s", 1, "report_task", {});
    expect(calls.onlyCall("s", 1)).toBe('bash {"command":"npm test"}');
    calls.note("s", 1, "edit", {});
    expect(calls.onlyCall("s", 1)).toBeUndefined();
    expect(calls.onlyCall("s", 2)).toBeUndefined();
  });
});

it("commands that differ in a number alone fail differently, and one command fails alike each time", () => {
  const failed = (file: string, seconds: string) =>
    errorOf(`FAILED $ test -s ${file} (exit 1, ${seconds} s)`, "/project");
  expect(failed("t1.txt", "0.1")).toBe(failed("t1.txt", "0.3"));
  expect(failed("t1.txt", "0.1")).not.toBe(failed("t2.txt", "0.1"));
});

it("a tool that is missing is one error, whatever it was to check; another tool is another", () => {
  const missing = (tool: string, file: string) =>
    errorOf(
      `FAILED $ ${tool} ${file} (exit 127, 0.1 s)\n> check\n/bin/sh: 1: ${tool}: not found`,
      "/project",
    );
  expect(missing("pytest", "a.py")).toBe(missing("pytest", "b.py"));
  expect(missing("pytest", "a.py")).not.toBe(missing("ruff", "a.py"));
  const silent = (command: string) => errorOf(`FAILED $ ${command} (exit 127, 0.1 s)`, "/project");
  expect(silent("ask a.py")).not.toBe(silent("ask b.py"));
});
