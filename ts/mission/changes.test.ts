import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesOfTask, projectPath } from "./changes.ts";
import { folderWith, put } from "./folder.fixture.ts";
import { sinceLastCommit } from "./git.ts";
import { repositoryWith } from "./repository.fixture.ts";

const none = { written: [], reported: [], scope: [] };

/** The files of a task with this scope, in a repository where all these are new. */
async function inScope(scope: readonly string[], files: readonly string[]): Promise<string[]> {
  const folder = await repositoryWith({ start: "" });
  await put(folder, Object.fromEntries(files.map((file) => [file, "1"])));
  return filesOfTask(sinceLastCommit(folder), { ...none, scope });
}

describe("the files of a task", () => {
  it("are what tools wrote, what was reported and what git saw in its scope, each once, sorted", async () => {
    const folder = await repositoryWith({ "src/old.ts": "1", "lib/x.ts": "1" });
    await put(folder, { "src/old.ts": "2", "src/new.ts": "1", "lib/x.ts": "2" });
    const files = await filesOfTask(sinceLastCommit(folder), {
      written: [join(folder, "src", "new.ts"), "docs/a.md"],
      reported: ["src/new.ts", "./docs/b.md"],
      scope: ["src/**"],
    });
    expect(files).toEqual(["docs/a.md", "docs/b.md", "src/new.ts", "src/old.ts"]);
  });

  it("are not what git saw where the scope is unknown: another task may have done that", async () => {
    const folder = await repositoryWith({ a: "1" });
    await put(folder, { a: "2" });
    expect(await filesOfTask(sinceLastCommit(folder), { ...none, reported: ["b"] })).toEqual(["b"]);
  });

  it("are what two witnesses know where there is no repository", async () => {
    const folder = await folderWith({ "src/a.ts": "1" });
    const files = await filesOfTask(sinceLastCommit(folder), {
      written: ["w"],
      reported: ["r"],
      scope: ["src/**"],
    });
    expect(files).toEqual(["r", "w"]);
  });

  it("are never our own", async () => {
    const folder = await repositoryWith({ start: "" });
    await put(folder, { ".orchestrator/todo.md": "1", a: "1" });
    const files = await filesOfTask(sinceLastCommit(folder), {
      written: [".orchestrator/state/x"],
      reported: ["src/../.orchestrator/todo.md"],
      scope: ["**"],
    });
    expect(files).toEqual(["a"]);
  });

  it("are all inside the project", async () => {
    const reported = ["../other/a", "/etc/passwd", ".", ""];
    expect(await filesOfTask(sinceLastCommit(await folderWith()), { ...none, reported })).toEqual([]);
  });
});

describe("a scope", () => {
  it.each([
    ["src/**", ["src/a", "src/deep/b"]],
    ["./src/**", ["src/a", "src/deep/b"]],
    ["src/*", ["src/a"]],
    ["**/b", ["src/deep/b"]],
    ["{lib,src}/a", ["lib/a", "src/a"]],
    ["src/a", ["src/a"]],
  ])("%s takes in %j", async (glob, expected) => {
    expect(await inScope([glob], ["src/a", "src/deep/b", "lib/a"])).toEqual(expected);
  });

  it.each(["src", "src/", "./src"])(
    "that names a folder takes in all that is under it: %s",
    async (folder) => {
      expect(await inScope([folder], ["src/a", "src/deep/b", "srcs/c"])).toEqual(["src/a", "src/deep/b"]);
    },
  );

  it("takes in names that start with a dot", async () => {
    expect(await inScope(["**/*.yml"], [".github/workflows/ci.yml"])).toEqual([".github/workflows/ci.yml"]);
  });

  it("takes brackets for a name as well: a route's folder is called so", async () => {
    const files = ["app/[id]/page.tsx", "app/[...rest]/page.tsx"];
    expect(await inScope(["app/[id]/page.tsx", "app/[...rest]/**"], files)).toEqual([...files].sort());
    expect(await inScope(["src/[ab].ts"], ["src/a.ts", "src/c.ts"])).toEqual(["src/a.ts"]);
  });
});

describe("projectPath", () => {
  it("is relative to the project, with slashes", () => {
    const project = join("/", "work", "project");
    expect(projectPath(project, join(project, "src", "a.ts"))).toBe("src/a.ts");
    expect(projectPath(project, "./src//b/../a.ts")).toBe("src/a.ts");
    expect(projectPath(project, "..a/b")).toBe("..a/b");
  });

  it("is nothing for a path outside, and for the project itself", () => {
    const project = join("/", "work", "project");
    expect(projectPath(project, join(project, "..", "project-two", "a"))).toBeUndefined();
    expect(projectPath(project, "..")).toBeUndefined();
    expect(projectPath(project, project)).toBeUndefined();
  });
});
