import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CliError, ExitCode } from "../exit.ts";
import { install } from "./install.ts";
import { readState, replaceFile } from "./replace-file.ts";
import { uninstall } from "./uninstall.ts";

let home = "";
let config = "";
const lines: string[] = [];

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "install-")));
  config = join(home, "config", "opencode");
  mkdirSync(config, { recursive: true });
  vi.stubEnv("XDG_CONFIG_HOME", join(home, "config"));
  vi.stubEnv("XDG_STATE_HOME", join(home, "state"));
  lines.length = 0;
  const keep = (line: unknown) => void lines.push(String(line));
  vi.spyOn(console, "log").mockImplementation(keep);
  vi.spyOn(console, "error").mockImplementation(keep);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

const at = (name: string) => join(config, name);
const read = (name: string) => readFileSync(at(name), "utf8");
const npm = ["--global", "--entry", "npm"] as const;

/** The error of a command that is refused. */
async function refusal(run: Promise<number>): Promise<CliError> {
  const error: unknown = await run.then(
    (code) => new Error(`it ended with ${code}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CliError)) throw error;
  return error;
}

describe("orchestrator install", () => {
  it("makes the files where there are none, and uninstall removes them", async () => {
    expect(await install(npm)).toBe(ExitCode.Done);
    expect(JSON.parse(read("opencode.json"))).toEqual({
      $schema: "https://opencode.ai/config.json",
      plugin: [expect.stringMatching(/^opencode-orchestrator@\d/)],
    });
    expect(JSON.parse(read("tui.json"))).toHaveProperty("plugin.length", 1);
    expect(await uninstall(["--global"])).toBe(ExitCode.Done);
    expect(readdirSync(config)).toEqual([]);
  });

  it("says so where it is installed already, and touches nothing", async () => {
    await install(npm);
    const past = new Date("2020-01-01");
    for (const name of ["opencode.json", "tui.json"]) utimesSync(at(name), past, past);
    lines.length = 0;
    expect(await install(npm)).toBe(ExitCode.Done);
    expect(lines.filter((line) => line.includes("already"))).toHaveLength(2);
    for (const name of ["opencode.json", "tui.json"]) expect(statSync(at(name)).mtime).toEqual(past);
  });

  it("adds to the list that counts, for one in a later file would replace it", async () => {
    const jsonc = '// mine\n{ "model": "a/b" }\n';
    writeFileSync(at("opencode.json"), '{"plugin": ["other"]}');
    writeFileSync(at("opencode.jsonc"), jsonc);
    await install(npm);
    expect(read("opencode.jsonc")).toBe(jsonc);
    expect(JSON.parse(read("opencode.json"))).toEqual({
      plugin: ["other", expect.stringContaining("opencode-orchestrator")],
    });
  });

  it("is not done by an entry in a list that a later file replaces", async () => {
    writeFileSync(at("opencode.json"), '{"plugin": ["opencode-orchestrator"]}');
    writeFileSync(at("opencode.jsonc"), '{"plugin": ["other"]}');
    await install(npm);
    expect(read("opencode.jsonc")).toMatch(/^\{"plugin": \["other", "opencode-orchestrator@[^"]+"\]\}$/);
    expect(lines.join("\n")).toContain(`${at("opencode.json")} names it in vain`);
  });

  it("keeps the old file as a copy that only its owner may read, and says where", async () => {
    writeFileSync(at("opencode.json"), '{"key": "secret"}');
    await install(npm);
    const backup = /kept as (\S+\.backup)/.exec(lines.join("\n"))?.[1] ?? "";
    expect(readFileSync(backup, "utf8")).toBe('{"key": "secret"}');
    expect(statSync(backup).mode & 0o077).toBe(0);
    expect(statSync(dirname(backup)).mode & 0o077).toBe(0);
  });

  it("keeps at most five copies of a file", async () => {
    writeFileSync(at("opencode.json"), "{}");
    for (let time = 0; time < 4; time += 1) {
      await install(npm);
      await uninstall(["--global"]);
    }
    const kept = readdirSync(join(home, "state", "opencode-orchestrator", "installed"));
    const copies = kept.filter((name) => name.endsWith(".backup")).map((name) => name.slice(0, 16));
    for (const file of new Set(copies))
      expect(copies.filter((one) => one === file).length).toBeLessThanOrEqual(5);
  });

  it.each([
    ['{\n  "plugin": ["a"\n  "b"]\n}', ":3:3: "],
    ['{ "plugin": "a" }', ":1:13: "],
    ["[]", ":1:1: "],
  ])("refuses a malformed file with its line and column, and writes nothing: %j", async (text, place) => {
    writeFileSync(at("opencode.json"), text);
    const error = await refusal(install(npm));
    expect(error.exitCode).toBe(ExitCode.Failed);
    expect(error.message).toContain(`${at("opencode.json")}${place}`);
    expect(read("opencode.json")).toBe(text);
    expect(readdirSync(config)).toEqual(["opencode.json"]);
    expect(existsSync(join(home, "state"))).toBe(false);
  });

  it("refuses a file that is no UTF-8: its bytes could not be kept", async () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]);
    writeFileSync(at("opencode.json"), bytes);
    expect((await refusal(install(npm))).message).toContain("UTF-8");
    expect(readFileSync(at("opencode.json"))).toEqual(bytes);
  });

  it("judges the panel's file before it writes the plugin's", async () => {
    writeFileSync(at("opencode.json"), "{}");
    writeFileSync(at("tui.json"), "{ nonsense");
    await refusal(install(npm));
    expect(read("opencode.json")).toBe("{}");
  });

  it("tells of another version that is named, and replaces it only when told to", async () => {
    const text = '{"plugin": [["opencode-orchestrator@0.0.1", { "attempts": 2 }], "other"]}';
    writeFileSync(at("opencode.json"), text);
    const error = await refusal(install(npm));
    expect(error.message).toMatch(/opencode-orchestrator@0\.0\.1.*--replace/);
    expect(read("opencode.json")).toBe(text);
    expect(await install([...npm, "--replace"])).toBe(ExitCode.Done);
    expect(read("opencode.json")).toMatch(
      /^\{"plugin": \[\["opencode-orchestrator@(?!0\.0\.1)[^"]+", \{ "attempts": 2 \}\], "other"\]\}$/,
    );
    await uninstall(["--global"]);
    expect(read("opencode.json")).toBe('{"plugin": ["other"]}');
  });

  it("tells of entries that are there twice", async () => {
    writeFileSync(
      at("opencode.json"),
      '{"plugin": ["opencode-orchestrator", "opencode-orchestrator@0.0.1"]}',
    );
    await install(npm);
    expect(lines.join("\n")).toMatch(/also names opencode-orchestrator@0\.0\.1/);
  });

  it("shows a diff and changes nothing when asked for that", async () => {
    writeFileSync(at("opencode.json"), '{\n  "model": "a/b"\n}\n');
    await install([...npm, "--dry-run"]);
    expect(lines.join("\n")).toMatch(/^-\s+"model": "a\/b"$/m);
    expect(lines.join("\n")).toMatch(/^\+\s+"plugin": \["opencode-orchestrator@/m);
    expect(read("opencode.json")).toBe('{\n  "model": "a/b"\n}\n');
    expect(existsSync(at("tui.json"))).toBe(false);
  });

  it("prints one JSON object when asked for that", async () => {
    await install([...npm, "--json"]);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      files: [
        { kind: "opencode", what: "added", changed: true, file: at("opencode.json") },
        { kind: "tui", what: "added", changed: true },
      ],
    });
  });

  it("never makes a folder .opencode", async () => {
    const project = join(home, "project");
    mkdirSync(join(project, ".git"), { recursive: true });
    await install(["--dir", project]);
    expect(readdirSync(project).sort()).toEqual([".git", "opencode.json", "tui.json"]);
    await uninstall(["--dir", project]);
    expect(readdirSync(project)).toEqual([".git"]);
  });

  it.each([
    [["--global", "--project"], /give one/],
    [["--entry", "git"], /npm or path/],
    [["--fast"], /--fast/],
  ])("refuses what it does not know: %j", async (args, message) => {
    const error = await refusal(install(args));
    expect(error.exitCode).toBe(ExitCode.Usage);
    expect(error.message).toMatch(message);
  });
});

describe("orchestrator uninstall", () => {
  it.each([
    "",
    "{}",
    "{ }\n",
    '{"plugin":[]}',
    '\uFEFF{\r\n\t"plugin": [ // mine\r\n\t\t"a", // b\r\n\t],\r\n}\r\n',
    '{"plugin": ["a" /* x */]} // end',
    '{\n  "provider": { "x": {} } // last\n}',
    '{"plugin": ["a"], "plugin": ["b"]}',
  ])("leaves each byte as it was before install: %j", async (text) => {
    writeFileSync(at("opencode.jsonc"), text);
    writeFileSync(at("tui.json"), text);
    await install(npm);
    expect(read("opencode.jsonc")).not.toBe(text);
    expect(await uninstall(["--global"])).toBe(ExitCode.Done);
    expect(read("opencode.jsonc")).toBe(text);
    expect(read("tui.json")).toBe(text);
  });

  it("keeps what others have changed since, at the top and at the bottom", async () => {
    writeFileSync(at("opencode.json"), '{\n  "model": "a/b",\n  "plugin": ["a"]\n}\n');
    await install(npm);
    const schema = read("opencode.json").replace("{", '{\n  "$schema": "s",');
    writeFileSync(at("opencode.json"), `${schema}// bye\n`);
    await uninstall(["--global"]);
    expect(read("opencode.json")).toBe(
      '{\n  "$schema": "s",\n  "model": "a/b",\n  "plugin": ["a"]\n}\n// bye\n',
    );
  });

  it("takes an entry out that was written by hand, and nothing else", async () => {
    writeFileSync(at("opencode.json"), '{ "plugin": ["a", "opencode-orchestrator", "b"] } // mine');
    await uninstall(["--global"]);
    expect(read("opencode.json")).toBe('{ "plugin": ["a", "b"] } // mine');
  });

  it("changes nothing where it is not installed", async () => {
    writeFileSync(at("opencode.json"), '{"plugin": ["a"]}');
    expect(await uninstall(["--global"])).toBe(ExitCode.Done);
    expect(read("opencode.json")).toBe('{"plugin": ["a"]}');
    expect(lines.join("\n")).toContain("nothing was changed");
  });

  it("purges a project only with a yes", async () => {
    const project = join(home, "project");
    mkdirSync(join(project, ".orchestrator"), { recursive: true });
    writeFileSync(join(project, ".orchestrator", "settings.jsonc"), "{}");
    const error = await refusal(uninstall(["--dir", project, "--purge"]));
    expect(error.message).toContain("--yes");
    expect(existsSync(join(project, ".orchestrator", "settings.jsonc"))).toBe(true);
    expect(lines.join("\n")).toContain("settings.jsonc");
    await uninstall(["--dir", project, "--purge", "--yes"]);
    expect(readdirSync(project)).toEqual([]);
  });
});

describe("replacing a user's file", () => {
  const file = () => at("opencode.json");

  it("keeps a symbolic link, and changes what it leads to", async () => {
    const dotfiles = join(home, "dotfiles.json");
    writeFileSync(dotfiles, "{}");
    symlinkSync(dotfiles, file());
    await install(npm);
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    expect(readFileSync(dotfiles, "utf8")).toContain("opencode-orchestrator@");
    await uninstall(["--global"]);
    expect(readFileSync(dotfiles, "utf8")).toBe("{}");
  });

  it("keeps the mode", async () => {
    writeFileSync(file(), "{}");
    chmodSync(file(), 0o640);
    await install(npm);
    expect(statSync(file()).mode & 0o777).toBe(0o640);
  });

  it.each([
    ["is read-only", () => chmodSync(file(), 0o444), /read-only/],
    ["has two names", () => linkSync(file(), join(home, "other.json")), /hard links/],
  ])("is refused where it %s", async (_, make, message) => {
    writeFileSync(file(), "{}");
    make();
    expect((await refusal(install(npm))).message).toMatch(message);
    expect(readFileSync(file(), "utf8")).toBe("{}");
    expect(readdirSync(config)).toEqual(["opencode.json"]);
  });

  it("is refused where a link leads nowhere", async () => {
    symlinkSync(join(home, "gone.json"), file());
    expect((await refusal(install(npm))).message).toMatch(/does not exist/);
  });

  it.each([
    ["has changed", () => writeFileSync(file(), '{"a": 1}')],
    ["is gone", () => rmSync(file())],
  ])("is refused where it %s since it was read", (_, change) => {
    writeFileSync(file(), "{}");
    const state = readState(file());
    change();
    expect(() => replaceFile(state, Buffer.from("ours"))).toThrow(/changed it meanwhile|ENOENT/);
    expect(existsSync(file()) ? readFileSync(file(), "utf8") : "gone").not.toBe("ours");
    expect(readdirSync(config).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("is refused where another program has made it meanwhile", () => {
    const state = readState(file());
    writeFileSync(file(), "theirs");
    expect(() => replaceFile(state, Buffer.from("ours"))).toThrow(/changed it meanwhile/);
    expect(readFileSync(file(), "utf8")).toBe("theirs");
  });
});
