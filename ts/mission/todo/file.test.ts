import { renameSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { folderWith, put } from "../folder.fixture.ts";
import { TODO_FILE, TodoFile } from "./file.ts";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return { ...real, rename: vi.fn(real.rename) };
});

const COPY = ".orchestrator/state/todo.md";

/** Writes the file as somebody else would have, a while ago. */
async function save(folder: string, content: string | Buffer, secondsAgo = 60): Promise<void> {
  await put(folder, { [TODO_FILE]: content });
  const then = Date.now() / 1000 - secondsAgo;
  await utimes(join(folder, TODO_FILE), then, then);
}

const content = (folder: string) => readFile(join(folder, TODO_FILE), "utf8");

describe("todo.md", () => {
  it("is made with its folder at the first write, with a copy of it in the state and nothing else", async () => {
    const folder = await folderWith();
    const file = new TodoFile(folder);
    expect(await file.look()).toEqual({ type: "missing" });
    expect(await file.write("one\n")).toBe(true);
    expect(await content(folder)).toBe("one\n");
    expect(await readFile(join(folder, COPY), "utf8")).toBe("one\n");
    expect(await readdir(join(folder, ".orchestrator"))).toEqual(["state", "todo.md"]);
    expect(await file.look()).toEqual({ type: "same" });
  });

  it("is not written again where nothing has changed", async () => {
    const folder = await folderWith();
    const file = new TodoFile(folder);
    await file.look();
    await file.write("same");
    const { ino, mtimeMs } = await stat(join(folder, TODO_FILE));
    await file.write("same");
    expect(await stat(join(folder, TODO_FILE))).toMatchObject({ ino, mtimeMs });
  });

  it("is written again where somebody changed it to what comes to the same", async () => {
    const folder = await folderWith();
    const file = new TodoFile(folder);
    await file.look();
    await file.write("ours");
    await save(folder, "theirs");
    expect(await file.look()).toEqual({ type: "text", text: "theirs" });
    await file.write("ours");
    expect(await content(folder)).toBe("ours");
  });

  it("is not written over what nobody has read yet", async () => {
    const folder = await folderWith();
    const file = new TodoFile(folder);
    await file.look();
    await file.write("ours");
    await save(folder, "theirs");
    expect(await file.write("ours again")).toBe(false);
    expect(await content(folder)).toBe("theirs");
    expect(await readdir(join(folder, ".orchestrator"))).toEqual(["state", "todo.md"]);
  });

  it("is read again where it was saved in the moment it was written", async () => {
    const folder = await folderWith();
    const file = new TodoFile(folder);
    await file.look(true);
    // In place, as some editors save: the file keeps its number.
    vi.mocked(rename).mockImplementationOnce(async (from, to) => {
      renameSync(from, to);
      await save(folder, "theirs");
    });
    await file.write("ours");
    expect(await file.look(true)).toEqual({ type: "text", text: "theirs" });
  });

  it("is left alone for a moment after it was saved, unless there is no time", async () => {
    const folder = await folderWith();
    const file = new TodoFile(folder);
    await put(folder, { [TODO_FILE]: "half" });
    expect(await file.look()).toMatchObject({ type: "settling" });
    expect(await file.look(true)).toEqual({ type: "text", text: "half" });
  });

  it("is known as ours after a restart", async () => {
    const folder = await folderWith();
    const before = new TodoFile(folder);
    await before.look();
    await before.write("ours");
    const file = new TodoFile(folder);
    expect(await file.look(true)).toEqual({ type: "same" });
    expect(await file.written()).toBe("ours");
  });

  it("counts as missing where it is empty", async () => {
    const folder = await folderWith();
    await save(folder, " \n");
    expect(await new TodoFile(folder).look()).toEqual({ type: "missing" });
  });

  it.each<[string, Buffer, string]>([
    ["a binary file", Buffer.from("a\0b"), "is no UTF-8 text"],
    ["invalid UTF-8", Buffer.from([0x2d, 0x20, 0xff, 0xfe]), "is no UTF-8 text"],
    ["a huge file", Buffer.alloc((1 << 20) + 1, "x"), "is larger than 1048576 bytes"],
  ])("can't be read: %s; it is set aside whole", async (_, bytes, why) => {
    const folder = await folderWith();
    await save(folder, bytes);
    const file = new TodoFile(folder);
    expect(await file.look()).toEqual({ type: "unreadable", why });
    expect(await file.setAside("todo.md.orig")).toBe("todo.md.orig");
    expect((await readFile(join(folder, ".orchestrator/todo.md.orig"))).equals(bytes)).toBe(true);
    expect(await file.write("ours")).toBe(true);
    expect(await content(folder)).toBe("ours");
  });

  it("is set aside under a name that is free", async () => {
    const folder = await folderWith({ ".orchestrator/todo.md.orig": "an earlier one" });
    await save(folder, "another");
    const file = new TodoFile(folder);
    await file.look();
    expect(await file.setAside("todo.md.orig")).toBe("todo.md.orig.1");
    expect(await readFile(join(folder, ".orchestrator/todo.md.orig"), "utf8")).toBe("an earlier one");
    expect(await readFile(join(folder, ".orchestrator/todo.md.orig.1"), "utf8")).toBe("another");
  });

  it("is set aside where it is a folder or a link, and what a link names is not touched", async () => {
    const folder = await folderWith({ precious: "mine" });
    await mkdir(join(folder, TODO_FILE), { recursive: true });
    const file = new TodoFile(folder);
    expect(await file.look()).toEqual({ type: "unreadable", why: "is no regular file" });
    await file.setAside("todo.md.orig");
    await symlink(join(folder, "precious"), join(folder, TODO_FILE));
    expect(await file.look()).toEqual({ type: "unreadable", why: "is no regular file" });
    expect(await file.setAside("todo.md.orig")).toBe("todo.md.orig.1");
    await file.write("ours");
    expect(await readFile(join(folder, "precious"), "utf8")).toBe("mine");
    expect((await lstat(join(folder, TODO_FILE))).isFile()).toBe(true);
  });

  it("is brought up to date again after a write that failed", async () => {
    const folder = await folderWith({ ".orchestrator": "a file where the folder should be" });
    const file = new TodoFile(folder);
    await expect(file.look().then(() => file.write("one"))).rejects.toThrow();
    await rm(join(folder, ".orchestrator"));
    await file.look();
    await file.write("one");
    expect(await content(folder)).toBe("one");
  });
});
