import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { Diagnostics } from "../engine/index.ts";
import { folderWith, put } from "./folder.fixture.ts";
import { sinceLastCommit } from "./git.ts";
import { newErrors } from "./new-errors.ts";
import { repositoryWith } from "./repository.fixture.ts";

const MADE = fileURLToPath(new URL("../diagnostics/server.fixture.mjs", import.meta.url));

/** Asks a made server, for which BAD is an error, about files that end in `.made`. */
function step(directory: string, changed: readonly string[], part = "pull") {
  const command = [process.execPath, MADE, part] as const;
  const diagnostics = new Diagnostics({ directory, servers: { made: { command, extensions: [".made"] } } });
  onTestFinished(() => diagnostics[Symbol.asyncDispose]());
  return newErrors({
    place: sinceLastCommit(directory),
    changed,
    diagnostics,
    signal: new AbortController().signal,
  });
}

describe("the diagnostics of a verification", () => {
  it("fail it where the change brought an error in, and name it, not those that were there", async () => {
    const directory = await repositoryWith({ "a.made": "an old BAD\n" });
    await put(directory, { "a.made": "line\nan old BAD\nan own BAD\n" });
    expect(await step(directory, ["a.made"])).toEqual({
      passed: false,
      report: "FAILED diagnostics, new errors:\na.made:3:8: error made: it is bad: an own BAD",
    });
  });

  it("pass where all errors were there before, and count them", async () => {
    const directory = await repositoryWith({ "a.made": "an old BAD\n" });
    await put(directory, { "a.made": "line\nan old BAD\nWARN\n", "b.made": "fine\n" });
    expect(await step(directory, ["a.made", "b.made"])).toEqual({
      passed: true,
      report: "ok diagnostics: 2 files (made); 1 error was there before",
    });
  });

  it("count every error of a file that is new", async () => {
    const directory = await repositoryWith({});
    await put(directory, { "a.made": "BAD\n" });
    expect(await step(directory, ["a.made"])).toMatchObject({ passed: false });
  });

  it("say nothing of kinds of files that no server is known for, nor of what was deleted", async () => {
    const directory = await repositoryWith({ "gone.made": "BAD\n", "notes.txt": "BAD\n" });
    await rm(join(directory, "gone.made"));
    expect(await step(directory, ["gone.made", "notes.txt"])).toEqual({ passed: true, report: "" });
  });

  it("are told as not checked, with the reason, where the server crashes", async () => {
    const directory = await repositoryWith({});
    await put(directory, { "a.made": "BAD\n", "b.made": "\n" });
    expect(await step(directory, ["a.made", "b.made"], "crash at start")).toEqual({
      passed: true,
      report: "not checked diagnostics: a.made, b.made: made ended: exit 3 (Error: no compiler here)",
    });
  });

  it("list what they find, but do not fail, where no commit tells what is new", async () => {
    const directory = await folderWith({ "a.made": "BAD\n" });
    const { passed, report } = await step(directory, ["a.made"]);
    expect(passed).toBe(true);
    expect(report).toMatch(
      /^not checked diagnostics: without a commit .*\na\.made:1:1: error made: it is bad: BAD$/,
    );
  });
});
