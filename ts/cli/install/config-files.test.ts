import { posix, win32 } from "node:path";
import { describe, expect, it } from "vitest";
import {
  chosenFile,
  globalFiles,
  globalFolder,
  packageCache,
  projectFiles,
  projectRoot,
  recordFolder,
  type System,
} from "./config-files.ts";

const linux: System = { path: posix, home: "/home/me", env: {} };
const windows: System = { path: win32, home: "C:\\Users\\Me", env: {} };

describe("where OpenCode's configuration lies", () => {
  it("is below the home folder, on Windows too", () => {
    expect(globalFolder(linux)).toBe("/home/me/.config/opencode");
    expect(globalFolder(windows)).toBe("C:\\Users\\Me\\.config\\opencode");
    expect(packageCache(windows)).toBe("C:\\Users\\Me\\.cache\\opencode\\packages");
    expect(recordFolder(windows)).toBe("C:\\Users\\Me\\.local\\state\\opencode-orchestrator\\installed");
  });

  it("follows XDG, unless a variable is set to nothing", () => {
    expect(globalFolder({ ...linux, env: { XDG_CONFIG_HOME: "/etc/me" } })).toBe("/etc/me/opencode");
    expect(globalFolder({ ...linux, env: { XDG_CONFIG_HOME: "" } })).toBe("/home/me/.config/opencode");
    expect(globalFolder({ ...windows, env: { XDG_CONFIG_HOME: "D:\\etc" } })).toBe("D:\\etc\\opencode");
  });

  it("is read in an order in which the last one counts", () => {
    expect(globalFiles("opencode", windows).map((file) => win32.basename(file))).toEqual([
      "config.json",
      "opencode.json",
      "opencode.jsonc",
    ]);
  });

  it("of a project begins at the folder with .git, through drive letters and backslashes", () => {
    const exists = (file: string) => file === "D:\\work\\app\\.git";
    expect(projectRoot("D:\\work\\app\\src\\deep", windows, exists)).toBe("D:\\work\\app");
    expect(projectRoot("D:\\elsewhere", windows, exists)).toBe("D:\\elsewhere");
    const files = projectFiles("opencode", "D:\\work\\app\\src", windows, exists);
    expect(files[0]).toBe("D:\\work\\app\\opencode.json");
    expect(files).toContain("D:\\work\\app\\src\\opencode.jsonc");
    expect(files).not.toContain("D:\\work\\opencode.json");
  });
});

describe("the file that takes the entry", () => {
  const file = (name: string, exists: boolean, lists = false) => ({ file: `/c/${name}`, exists, lists });

  it("is the one with a list of plugins, though a later file without one exists", () => {
    const files = [
      file("config.json", true),
      file("opencode.json", true, true),
      file("opencode.jsonc", true),
    ];
    expect(chosenFile("opencode", files)).toBe("/c/opencode.json");
  });

  it("is the last one with a list of plugins: its list replaces those before it", () => {
    const files = [file("opencode.json", true, true), file("opencode.jsonc", true, true)];
    expect(chosenFile("opencode", files)).toBe("/c/opencode.jsonc");
  });

  it("is opencode.json where there is none, and never one in .opencode", () => {
    const files = projectFiles("opencode", "/p", linux, () => false);
    const none = files.map((name) => ({ file: name, exists: false, lists: false }));
    expect(chosenFile("opencode", none)).toBe("/p/opencode.json");
    expect(chosenFile("tui", [file("tui.json", false), file("tui.jsonc", false)])).toBe("/c/tui.json");
  });
});
