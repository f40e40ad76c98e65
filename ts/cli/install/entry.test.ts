import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, win32 } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type System, thisSystem } from "./config-files.ts";
import { ownEntry, ownPackage, ownSpec, pathOf } from "./entry.ts";

const windows: System = { path: win32, home: "C:\\Users\\Me", env: {} };
const linux: System = { path: posix, home: "/home/me", env: {} };

describe("our entry", () => {
  it("is the package with its version where a package manager has put it, on Windows too", () => {
    const at = (root: string) => ownEntry({ root, version: "1.2.3" }, undefined);
    expect(at("/usr/lib/node_modules/opencode-orchestrator")).toBe("opencode-orchestrator@1.2.3");
    expect(at("C:\\Users\\Me\\AppData\\Roaming\\npm\\node_modules\\opencode-orchestrator")).toBe(
      "opencode-orchestrator@1.2.3",
    );
  });

  it("is the folder where it was built, with slashes that need no escape", () => {
    const at = (root: string) => ownEntry({ root, version: "1.2.3" }, undefined);
    expect(at("/home/me/opencode-orchestrator")).toBe("/home/me/opencode-orchestrator");
    expect(at("D:\\src\\orchestrator")).toBe("D:/src/orchestrator");
  });

  it("is what was asked for", () => {
    expect(ownEntry({ root: "/src", version: "1.2.3" }, "npm")).toBe("opencode-orchestrator@1.2.3");
    expect(ownEntry({ root: "/x/node_modules/y", version: "1.2.3" }, "path")).toBe("/x/node_modules/y");
  });

  it("is of the package that this file is in", () => {
    expect(ownPackage(thisSystem()).version).toMatch(/^\d+\.\d+\.\d+/);
  });
});

describe("the path in an entry", () => {
  it.each([
    ["/a/b.js", "/a/b.js"],
    ["file:///a/b%20c.js", "/a/b c.js"],
    ["./b.js", "/home/me/.config/opencode/b.js"],
    ["../b.js", "/home/me/.config/b.js"],
    ["some-package", undefined],
    ["@scope/package@1.0.0", undefined],
  ])("%s", (spec, path) => {
    expect(pathOf(spec, "/home/me/.config/opencode/opencode.json", linux)).toBe(path);
  });

  it.each([
    ["C:\\a\\b.js", "C:\\a\\b.js"],
    ["c:/a/b.js", "c:\\a\\b.js"],
    ["file:///C:/a/b.js", "C:\\a\\b.js"],
    [".\\b.js", "D:\\config\\b.js"],
    ["\\\\server\\share\\b.js", "\\\\server\\share\\b.js"],
  ])("on Windows: %s", (spec, path) => {
    expect(pathOf(spec, "D:\\config\\opencode.json", windows)).toBe(path);
  });
});

describe("an entry of a user's list", () => {
  const folder = mkdtempSync(join(tmpdir(), "entry-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "dist"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"name":"opencode-orchestrator","version":"0.0.1"}');

  it.each([
    ["opencode-orchestrator", { kind: "npm", version: undefined }],
    ["opencode-orchestrator@0.9.0", { kind: "npm", version: "0.9.0" }],
    ["opencode-orchestrator@latest", { kind: "npm", version: "latest" }],
    ["opencode-orchestrator-more", undefined],
    ["@me/opencode-orchestrator", undefined],
  ])("is ours by its name: %s", (spec, own) => {
    expect(ownSpec(spec, "/c/opencode.json", thisSystem())).toEqual(own);
  });

  it("is ours by the package that its file lies in, whatever its folder is called", () => {
    const own = { kind: "path", root: folder, version: "0.0.1" };
    const system = thisSystem();
    expect(ownSpec(join(folder, "dist", "server.js"), "/c/opencode.json", system)).toEqual(own);
    expect(ownSpec("./dist/server.js", join(folder, "opencode.json"), system)).toEqual(own);
    expect(ownSpec("/nowhere/server.js", "/c/opencode.json", system)).toBeUndefined();
  });
});
