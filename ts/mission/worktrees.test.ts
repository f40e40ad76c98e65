import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "./folder.fixture.ts";
import { git, repositoryWith } from "./repository.fixture.ts";
import { Worktrees } from "./worktrees.ts";

const LINES = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

/** A repository with work of the user's under way, and worktrees of a mission. */
async function projectWithWork() {
  const root = await repositoryWith({
    "a.txt": LINES,
    "b.txt": "b\n",
    ".gitignore": "node_modules/\n*.log\n",
  });
  await writeFile(join(root, "b.txt"), "b, changed by the user\n");
  await writeFile(join(root, "new.txt"), "new, of the user\n");
  await git(root, "add", "b.txt");
  const read = (path: string) => readFile(join(root, path), "utf8");
  return { root, read, worktrees: new Worktrees(root, "m1") };
}

const put = (folder: string, path: string, text: string) => writeFile(join(folder, path), text);

describe("a worktree", () => {
  it("begins with the project's folder as it stands, what is not committed included", async () => {
    const { worktrees, root } = await projectWithWork();
    await put(root, "debug.log", "ignored");
    const { directory, branch } = await worktrees.open("t1");
    expect(await readFile(join(directory, "b.txt"), "utf8")).toBe("b, changed by the user\n");
    expect(await readFile(join(directory, "new.txt"), "utf8")).toBe("new, of the user\n");
    expect(existsSync(join(directory, "debug.log"))).toBe(false);
    expect(branch).toBe("orchestrator/m1/t1");
  });

  it("has a link to what is installed and ignored", async () => {
    const { worktrees, root } = await projectWithWork();
    await mkdir(join(root, "node_modules", "x"), { recursive: true });
    const { directory } = await worktrees.open("t1");
    expect(existsSync(join(directory, "node_modules", "x"))).toBe(true);
    await put(directory, "a.txt", "changed\n");
    expect(await worktrees.merge("t1")).toEqual({ type: "merged", files: ["a.txt"] });
  });

  it("is found again by a later process", async () => {
    const { worktrees, root } = await projectWithWork();
    const { directory } = await worktrees.open("t1");
    await put(directory, "a.txt", "under way\n");
    expect((await new Worktrees(root, "m1").open("t1")).directory).toBe(directory);
    expect(await readFile(join(directory, "a.txt"), "utf8")).toBe("under way\n");
  });
});

describe("a merge", () => {
  it("brings what a task changed, added and removed into the folder, and nothing else of git's", async () => {
    const { worktrees, root, read } = await projectWithWork();
    const { directory } = await worktrees.open("t1");
    const before = [
      await git(root, "rev-parse", "HEAD"),
      await git(root, "diff", "--cached"),
      await git(root, "stash", "list"),
    ];
    await put(directory, "a.txt", LINES.replace("2", "two"));
    await mkdir(join(directory, "deep", "er"), { recursive: true });
    await put(directory, "deep/er/run.sh", "#!/bin/sh\n");
    await chmod(join(directory, "deep/er/run.sh"), 0o755);
    await rm(join(directory, "new.txt"));
    expect(await worktrees.merge("t1")).toEqual({
      type: "merged",
      files: ["a.txt", "deep/er/run.sh", "new.txt"],
    });
    expect(await read("a.txt")).toBe(LINES.replace("2", "two"));
    expect((await stat(join(root, "deep/er/run.sh"))).mode & 0o111).not.toBe(0);
    expect(existsSync(join(root, "new.txt"))).toBe(false);
    expect(await read("b.txt")).toBe("b, changed by the user\n");
    const after = [
      await git(root, "rev-parse", "HEAD"),
      await git(root, "diff", "--cached"),
      await git(root, "stash", "list"),
    ];
    expect(after).toEqual(before);
  });

  it("joins the work of tasks side by side, and of the user in the meantime, in one file", async () => {
    const { worktrees, root, read } = await projectWithWork();
    const [one, two] = [await worktrees.open("t1"), await worktrees.open("t2")];
    await put(one.directory, "a.txt", LINES.replace("1", "one"));
    await put(two.directory, "a.txt", LINES.replace("9", "nine"));
    await put(root, "a.txt", LINES.replace("5", "five"));
    const merged = { type: "merged", files: ["a.txt"] };
    expect(await Promise.all([worktrees.merge("t1"), worktrees.merge("t2")])).toEqual([merged, merged]);
    expect(await read("a.txt")).toBe(LINES.replace("1", "one").replace("5", "five").replace("9", "nine"));
  });

  it("of what is merged already, or of nothing, changes nothing", async () => {
    const { worktrees, root } = await projectWithWork();
    const { directory } = await worktrees.open("t1");
    expect(await worktrees.merge("t1")).toEqual({ type: "merged", files: [] });
    await put(directory, "a.txt", "x\n");
    await worktrees.merge("t1");
    expect(await worktrees.merge("t1")).toEqual({ type: "merged", files: [] });
    await put(root, "a.txt", "the user's, later\n");
    expect(await worktrees.merge("t1")).toEqual({ type: "merged", files: [] });
    expect(await new Worktrees(root, "m1").merge("never-opened")).toEqual({ type: "merged", files: [] });
  });

  it("that conflicts leaves the folder as it was and shows the task both sides; resolved, it goes through", async () => {
    const { worktrees, root, read } = await projectWithWork();
    const { directory } = await worktrees.open("t1");
    await put(directory, "a.txt", LINES.replace("5", "five by t1"));
    await put(root, "a.txt", LINES.replace("5", "five by the user"));
    const conflict = await worktrees.merge("t1");
    expect(conflict).toMatchObject({ type: "conflict", files: ["a.txt"] });
    expect(conflict.type === "conflict" && conflict.hunks).toMatch(/five by t1[\s\S]*five by the user/);
    expect(await read("a.txt")).toBe(LINES.replace("5", "five by the user"));
    const marked = await readFile(join(directory, "a.txt"), "utf8");
    expect(marked).toMatch(/<<<<<<<[\s\S]*five by t1[\s\S]*=======[\s\S]*five by the user[\s\S]*>>>>>>>/);
    expect(await worktrees.merge("t1")).toMatchObject({ type: "conflict", files: ["a.txt"] });
    await put(directory, "a.txt", LINES.replace("5", "five by both"));
    expect(await worktrees.merge("t1")).toEqual({ type: "merged", files: ["a.txt"] });
    expect(await read("a.txt")).toBe(LINES.replace("5", "five by both"));
  });
});

describe("what git does not see of the user's", () => {
  it("is never written over by a new file of a task: neither a file, nor a folder, nor what is above", async () => {
    const { worktrees, root, read } = await projectWithWork();
    await put(root, "secrets.log", "the user's");
    await mkdir(join(root, "data.log"));
    await put(root, "data.log/user.db", "the user's");
    await put(root, "above.log", "the user's");
    const { directory } = await worktrees.open("t1");
    await put(directory, ".gitignore", "");
    await put(directory, "secrets.log", "the task's");
    await put(directory, "data.log", "the task's");
    await mkdir(join(directory, "above.log"));
    await put(directory, "above.log/x", "the task's");
    await expect(worktrees.merge("t1")).rejects.toThrow(
      /^nothing was merged: .* git does not see .*: above\.log, data\.log\/user\.db, secrets\.log$/,
    );
    expect(await read("secrets.log")).toBe("the user's");
    expect(await read("data.log/user.db")).toBe("the user's");
    expect(await read("above.log")).toBe("the user's");
    expect(await read(".gitignore")).toBe("node_modules/\n*.log\n");
  });

  it.each(["--skip-worktree", "--assume-unchanged"])("counts for a task and its merge: %s", async (flag) => {
    const { worktrees, root, read } = await projectWithWork();
    await git(root, "update-index", flag, "a.txt");
    await put(root, "a.txt", LINES.replace("9", "the user's"));
    const { directory } = await worktrees.open("t1");
    await put(directory, "a.txt", (await readFile(join(directory, "a.txt"), "utf8")).replace("1", "one"));
    expect(await worktrees.merge("t1")).toEqual({ type: "merged", files: ["a.txt"] });
    expect(await read("a.txt")).toBe(LINES.replace("9", "the user's").replace("1", "one"));
    expect(await git(root, "ls-files", "-v", "a.txt")).toMatch(/^[Sh] a\.txt/);
  });

  it("a file may take the place of a folder whose files the task has removed", async () => {
    const root = await repositoryWith({ "lib/a.ts": "a\n", "lib/b.ts": "b\n" });
    const worktrees = new Worktrees(root, "m1");
    const { directory } = await worktrees.open("t1");
    await rm(join(directory, "lib"), { recursive: true });
    await put(directory, "lib", "one file\n");
    expect(await worktrees.merge("t1")).toMatchObject({ type: "merged" });
    expect(await readFile(join(root, "lib"), "utf8")).toBe("one file\n");
  });
});

describe("the user's git", () => {
  it("keeps its other worktrees, also one whose folder is not there at present", async () => {
    const { worktrees, root } = await projectWithWork();
    const other = join(await folderWith(), "other");
    await git(root, "worktree", "add", "-q", "--detach", other);
    await rename(other, `${other}-away`);
    const { directory } = await worktrees.open("t1");
    await rm(directory, { recursive: true });
    // The entry of ours that is gone is no hindrance.
    await worktrees.open("t1");
    await worktrees.clean();
    await rename(`${other}-away`, other);
    expect(await git(other, "status", "--short")).toBe("");
    expect((await git(root, "worktree", "list")).trim().split("\n")).toHaveLength(2);
  });

  it("runs no hook for what the engine does", async () => {
    const { worktrees, root } = await projectWithWork();
    for (const hook of ["post-checkout", "prepare-commit-msg", "post-commit"]) {
      await put(root, `.git/hooks/${hook}`, `#!/bin/sh\ntouch "${root}/ran"\n`);
      await chmod(join(root, ".git/hooks", hook), 0o755);
    }
    const { directory } = await worktrees.open("t1");
    await put(directory, "a.txt", "changed\n");
    await worktrees.merge("t1");
    expect(existsSync(join(root, "ran"))).toBe(false);
  });
});

it("does not merge what is not wanted any more when its turn has come", async () => {
  const { worktrees, read } = await projectWithWork();
  const { directory } = await worktrees.open("t1");
  await put(directory, "a.txt", "changed\n");
  const first = worktrees.open("t2");
  await expect(worktrees.merge("t1", () => false)).rejects.toThrow("t1 was given up before it was merged");
  await first;
  expect(await read("a.txt")).toBe(LINES);
});

describe("cleaning up", () => {
  it("leaves neither worktree nor branch nor ref nor folder, also after a crash", async () => {
    const { worktrees, root } = await projectWithWork();
    const { directory } = await worktrees.open("t1");
    await worktrees.open("t2");
    await put(directory, "a.txt", "lost on purpose\n");
    await rm(join(root, ".orchestrator/state/worktrees/m1/t2"), { recursive: true });
    const other = new Worktrees(root, "m2");
    await other.open("t1");
    await new Worktrees(root, "m1").clean();
    expect(await git(root, "worktree", "list")).not.toContain("/m1/");
    expect(await git(root, "for-each-ref")).not.toContain("/m1/");
    expect(existsSync(join(root, ".orchestrator/state/worktrees/m1"))).toBe(false);
    expect(await git(root, "worktree", "list")).toContain("/m2/t1");
  });

  it("keeps the tasks that go on", async () => {
    const { worktrees, root } = await projectWithWork();
    await worktrees.open("t1");
    await worktrees.open("t2");
    await worktrees.clean((task) => task === "t2");
    expect(await git(root, "branch", "--list", "orchestrator/*")).toMatch(/^\+ orchestrator\/m1\/t2\n$/);
  });
});

describe("a project without what worktrees need", () => {
  it("is told why", async () => {
    expect(await Worktrees.supported(await folderWith({}))).toBe("the project is no git repository");
    const empty = await folderWith({});
    await git(empty, "init", "-q");
    expect(await Worktrees.supported(empty)).toBe("the repository has no commit yet");
    const { root } = await projectWithWork();
    expect(await Worktrees.supported(root)).toBeUndefined();
    await mkdir(join(root, "part"));
    expect(await Worktrees.supported(join(root, "part"))).toMatch(/^the project is a part of the repository/);
  });
});
