import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith, put } from "./folder.fixture.ts";
import { changedFiles, committed, diff, sinceLastCommit } from "./git.ts";
import { git, repositoryWith } from "./repository.fixture.ts";

const MANY = 1_000_000;
const sorted = (files: Iterable<string> | undefined) => files && [...files].sort();

describe("changed files", () => {
  it("are those that were edited, added, removed, staged or not", async () => {
    const folder = await repositoryWith({ same: "1", edited: "1", staged: "1", gone: "1" });
    await put(folder, { edited: "2", staged: "2", "new/file": "1", added: "1" });
    await rm(join(folder, "gone"));
    await git(folder, "add", "staged", "added");
    expect(sorted(await changedFiles(sinceLastCommit(folder)))).toEqual([
      "added",
      "edited",
      "gone",
      "new/file",
      "staged",
    ]);
  });

  it("are none right after a commit", async () => {
    const folder = await repositoryWith({ a: "1" });
    expect(sorted(await changedFiles(sinceLastCommit(folder)))).toEqual([]);
  });

  it("are not those that git ignores", async () => {
    const folder = await repositoryWith({ ".gitignore": "build/\n*.log\n" });
    await put(folder, { "build/x": "1", "a.log": "1", b: "1" });
    expect(sorted(await changedFiles(sinceLastCommit(folder)))).toEqual(["b"]);
  });

  it("have their names as they are: spaces, quotes, line ends, letters of any script", async () => {
    const names = ["a b", 'q"uote', "ü/ñ.txt", "[id].ts", "日本"];
    const folder = await repositoryWith({ start: "" });
    await put(folder, Object.fromEntries(names.map((name) => [name, "1"])));
    expect(sorted(await changedFiles(sinceLastCommit(folder)))).toEqual([...names].sort());
  });

  it("are relative to the project where it is a folder of a larger repository, and only those below it", async () => {
    const folder = await repositoryWith({ "app/a": "1", other: "1" });
    await put(folder, { "app/a": "2", "app/b": "1", other: "2", new: "1" });
    expect(sorted(await changedFiles(sinceLastCommit(join(folder, "app"))))).toEqual(["a", "b"]);
  });

  it("are all files of a repository without a commit", async () => {
    const folder = await folderWith({ staged: "1", loose: "1" });
    await git(folder, "init", "--quiet");
    await git(folder, "add", "staged");
    expect(sorted(await changedFiles(sinceLastCommit(folder)))).toEqual(["loose", "staged"]);
  });

  it("are unknown where there is no repository", async () => {
    expect(await changedFiles(sinceLastCommit(await folderWith({ a: "1" })))).toBeUndefined();
  });
});

describe("a file in the last commit", () => {
  it("is what was committed, byte for byte, whatever stands in the folder now", async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 195]);
    const folder = await repositoryWith({ "app/a b.bin": bytes });
    await put(folder, { "app/a b.bin": "2" });
    expect(await committed(sinceLastCommit(folder), "app/a b.bin")).toEqual(bytes);
    expect(await committed(sinceLastCommit(join(folder, "app")), "a b.bin")).toEqual(bytes);
  });

  it("is nothing for a new file, and where there is no repository", async () => {
    const folder = await repositoryWith({});
    await put(folder, { new: "1" });
    expect(await committed(sinceLastCommit(folder), "new")).toBeUndefined();
    expect(await committed(sinceLastCommit(await folderWith({ a: "1" })), "a")).toBeUndefined();
  });

  it("is not read where it is too large to be held", async () => {
    const folder = await repositoryWith({ huge: Buffer.alloc(65 << 20) });
    expect(await committed(sinceLastCommit(folder), "huge")).toBeUndefined();
  });
});

describe("a diff", () => {
  it("shows edits against the last commit, and new files in full", async () => {
    const folder = await repositoryWith({ edited: "old line\n", other: "1" });
    await put(folder, { edited: "new line\n", added: "fresh line\n", other: "2" });
    const text = await diff(sinceLastCommit(folder), ["edited", "added"], MANY);
    expect(text).toContain("-old line\n+new line\n");
    expect(text).toContain("+fresh line\n");
    expect(text).not.toContain("other");
  });

  it("shows what was staged too", async () => {
    const folder = await repositoryWith({ a: "old\n" });
    await put(folder, { a: "new\n", b: "added\n" });
    await git(folder, "add", "--all");
    const text = await diff(sinceLastCommit(folder), ["a", "b"], MANY);
    expect(text).toContain("+new\n");
    expect(text).toContain("+added\n");
  });

  it("shows a removed file", async () => {
    const folder = await repositoryWith({ a: "old\n" });
    await rm(join(folder, "a"));
    expect(await diff(sinceLastCommit(folder), ["a"], MANY)).toContain("-old\n");
  });

  it("shows every file in full in a repository without a commit", async () => {
    const folder = await folderWith({ staged: "one\n", loose: "two\n", other: "three\n" });
    await git(folder, "init", "--quiet");
    await git(folder, "add", "staged");
    const text = await diff(sinceLastCommit(folder), ["staged", "loose"], MANY);
    expect(text).toContain("+one\n");
    expect(text).toContain("+two\n");
    expect(text).not.toContain("three");
  });

  it("takes a path for a name, not for a pattern", async () => {
    const folder = await repositoryWith({ "[id].ts": "1\n", "i.ts": "1\n", "*.ts": "1\n" });
    await put(folder, { "[id].ts": "mine\n", "i.ts": "another's\n", "*.ts": "another's\n" });
    const text = await diff(sinceLastCommit(folder), ["[id].ts"], MANY);
    expect(text).toContain("+mine\n");
    expect(text).not.toContain("another's");
  });

  it("is plain text, whatever the user has git do with colours and with diff programs", async () => {
    const folder = await repositoryWith({ a: "old\n" });
    await git(folder, "config", "color.ui", "always");
    await git(folder, "config", "diff.external", "false");
    await put(folder, { a: "new\n", b: "added\n" });
    const text = await diff(sinceLastCommit(folder), ["a", "b"], MANY);
    expect(text).toContain("\n-old\n+new\n");
    expect(text).toContain("\n+added\n");
  });

  it("is cut where it is too long, and says how much is missing", async () => {
    const folder = await repositoryWith({});
    await put(folder, { long: "x".repeat(5000) });
    const text = (await diff(sinceLastCommit(folder), ["long"], 1000)) ?? "";
    expect(text).toMatch(/x\n… \d{4} characters left out …\n$/);
    expect(text.length).toBeLessThan(1100);
  });

  it("is nothing for no files, and where there is no repository", async () => {
    const folder = await folderWith({ a: "1" });
    expect(await diff(sinceLastCommit(await repositoryWith({ a: "1" })), [], MANY)).toBeUndefined();
    expect(await diff(sinceLastCommit(folder), ["a"], MANY)).toBeUndefined();
  });
});
