import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "./folder.fixture.ts";
import { loadSettings, type SettingsFiles, settingsFiles } from "./settings.ts";

/** Settings files with this text in them; `undefined`: the file does not exist. */
async function files(texts: { global?: string; project?: string }): Promise<SettingsFiles> {
  const folder = await folderWith(
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${name}.jsonc`, text])),
  );
  return { global: join(folder, "global.jsonc"), project: join(folder, "project.jsonc") };
}

const load = async (texts: Parameters<typeof files>[0], options: unknown = {}) =>
  loadSettings(await files(texts), options);

const DEFAULTS = {
  lanes: { planner: 2, worker: 8, reviewer: 4 },
  attempts: 3,
  stallTimeoutMs: 120_000,
  taskTimeoutMs: 1_800_000,
  verifyTimeoutMs: 600_000,
  review: "plan",
  models: {},
  nativeSearch: true,
  budget: {},
  resume: "ask",
  unattended: "reject",
  isolation: "shared",
  speculation: false,
  scope: "enforce",
  languageServers: {},
};

describe("settings", () => {
  it("have their defaults where nothing is set", async () => {
    expect(await load({})).toEqual(DEFAULTS);
    expect(await load({ global: "", project: "  \n" }, undefined)).toEqual(DEFAULTS);
  });

  it("are taken from the project over the options over the user's own file, key by key", async () => {
    const settings = await load(
      {
        global: '{ "attempts": 5, "review": "never", "lanes": { "worker": 3, "planner": 1 } }',
        project: '{ "lanes": { "worker": 2 } }',
      },
      { review: "always", lanes: { worker: 4, reviewer: 1 } },
    );
    expect(settings).toEqual({
      ...DEFAULTS,
      attempts: 5,
      review: "always",
      lanes: { planner: 1, worker: 2, reviewer: 1 },
    });
  });

  it("are not reset to a default by a source that does not name them", async () => {
    const settings = await load({ global: '{ "attempts": 7 }', project: '{ "review": "always" }' });
    expect(settings).toMatchObject({ attempts: 7, review: "always" });
  });

  it("may name the schema for an editor", async () => {
    expect(await load({ project: '{ "$schema": "./settings.json", "attempts": 1 }' })).toMatchObject({
      attempts: 1,
    });
  });

  it.each([
    ["comments and a trailing comma", '{\n  // more tries\n  "attempts": 9, /* enough */\n}'],
    ["Windows' line ends", '{\r\n  // more tries\r\n  "attempts": 9\r\n}\r\n'],
    ["a byte order mark", '\uFEFF{ "attempts": 9 }'],
  ])("are read with %s", async (_, project) => {
    expect((await load({ project })).attempts).toBe(9);
  });

  it("may all be commented out", async () => {
    expect(await load({ project: '// { "attempts": 9 }\n' })).toEqual(DEFAULTS);
  });
});

describe("language servers", () => {
  it("may be added, replaced and switched off", async () => {
    const vtsls = { command: ["vtsls", "--stdio"], extensions: [".ts"], initializationOptions: { a: [1] } };
    const languageServers = { vtsls, "typescript-language-server": false };
    expect(await load({ project: JSON.stringify({ languageServers }) })).toMatchObject({ languageServers });
  });

  it.each([
    [{ command: [], extensions: [".x"] }, /languageServers\.x\.command/],
    [{ command: ["x"], extensions: ["x"] }, /languageServers\.x\.extensions\.0: give a file name's ending/],
    [
      { comand: ["x"], command: ["x"], extensions: [".x"] },
      /"languageServers.x.comand"; did you mean "command"\?/,
    ],
    [true, /languageServers\.x: .*expected object/],
  ])("are refused where one is mistaken, and it is said how: %j", async (x, message) => {
    await expect(load({}, { languageServers: { x } })).rejects.toThrow(message);
  });
});

describe("a settings file that is broken", () => {
  it.each([
    ["Unix", '{\n  "attempts": 9,\n  "review" "plan"\n}'],
    ["Windows", '{\r\n  "attempts": 9,\r\n  "review" "plan"\r\n}'],
  ])("is refused with file and line, with %s' line ends", async (_, project) => {
    await expect(load({ project })).rejects.toThrow(/project\.jsonc:3: \w+/);
  });

  it("is refused with the right line behind a byte order mark, too", async () => {
    await expect(load({ project: "\uFEFF{\n]\n}" })).rejects.toThrow(/project\.jsonc:2: /);
  });

  it.each(["null", "[]", "7", '"attempts"'])(
    "is refused where it holds %s in place of an object",
    async (text) => {
      await expect(load({ global: text })).rejects.toThrow(/global\.jsonc: .*expected object/);
    },
  );

  it("is left as it is, and nothing is written beside it", async () => {
    const broken = '{ "attempts": ';
    const paths = await files({ project: broken });
    await expect(loadSettings(paths, {})).rejects.toMatchObject({ code: "ERR_SETTINGS" });
    expect(await readFile(paths.project, "utf8")).toBe(broken);
    expect(await readdir(join(paths.project, ".."))).toEqual(["project.jsonc"]);
  });

  it("is refused where it can't be read at all: a folder in its place", async () => {
    const folder = await folderWith({ "project.jsonc/file": "" });
    const paths = { global: join(folder, "none"), project: join(folder, "project.jsonc") };
    await expect(loadSettings(paths, {})).rejects.toThrow(/could not read .*project\.jsonc/);
  });
});

describe("a setting that nobody knows", () => {
  it("is refused with its source and the nearest known one", async () => {
    await expect(load({ project: '{ "attemps": 3 }' })).rejects.toThrow(
      /project\.jsonc: unknown setting "attemps"; did you mean "attempts"\? \(known: .*lanes/,
    );
  });

  it("is compared with the names of its own level", async () => {
    await expect(load({}, { lanes: { workers: 3 } })).rejects.toThrow(
      'the plugin\'s options: unknown setting "lanes.workers"; did you mean "worker"? (known: planner, worker, reviewer)',
    );
  });

  it("is compared with the limits of a budget inside of one", async () => {
    await expect(load({}, { budget: { token: 3 } })).rejects.toThrow(
      'unknown setting "budget.token"; did you mean "tokens"?',
    );
  });

  it("is refused without a guess where nothing is near", async () => {
    await expect(load({}, { colour: 1 })).rejects.toThrow(/unknown setting "colour" \(known/);
  });
});

describe("a value that can't be", () => {
  it.each([
    ["attempts", 0],
    ["attempts", 1.5],
    ["attempts", "3"],
    ["stallTimeoutMs", 10],
    ["review", "sometimes"],
    ["lanes", { worker: 0 }],
    ["lanes", { worker: 65 }],
    ["lanes", 4],
    ["budget", { usd: 0 }],
    ["budget", { calls: 1.5 }],
    ["models", { worker: "a/b" }],
    ["models", { worker: ["gpt"] }],
  ])("is refused by name: %s = %j", async (key, value) => {
    await expect(load({}, { [key]: value })).rejects.toThrow(`the plugin's options: ${key}`);
  });

  it("is named together with every other one, of all sources", async () => {
    const loading = load({ global: '{ "attempts": 0 }', project: '{ "revew": "plan" }' }, { review: 1 });
    await expect(loading).rejects.toMatchObject({ code: "ERR_SETTINGS" });
    const message = await loading.then(
      () => "",
      (error: Error) => error.message,
    );
    expect(message.split("\n")).toEqual([
      "invalid settings",
      expect.stringContaining("global.jsonc: attempts: "),
      expect.stringContaining("the plugin's options: review: "),
      expect.stringContaining('project.jsonc: unknown setting "revew"; did you mean "review"?'),
    ]);
  });
});

describe("speculation", () => {
  it("is refused where tasks share a folder, and allowed where each has its own", async () => {
    const loading = load({}, { speculation: true });
    await expect(loading).rejects.toThrow(/speculation: two attempts .* set isolation to "worktree"/);
    const both = { isolation: "worktree", speculation: true };
    expect(await load({}, both)).toMatchObject(both);
  });
});

describe("where settings are", () => {
  it("is the project's folder, and the user's configuration folder", () => {
    expect(settingsFiles("/project", { XDG_CONFIG_HOME: "/config" })).toEqual({
      global: join("/config", "opencode-orchestrator", "settings.jsonc"),
      project: join("/project", ".orchestrator", "settings.jsonc"),
    });
  });

  it.skipIf(process.platform === "win32")("is below the home folder where nothing else is said", () => {
    expect(settingsFiles("/project", { HOME: "/home/me" }).global).toBe(
      "/home/me/.config/opencode-orchestrator/settings.jsonc",
    );
    expect(settingsFiles("/project", { HOME: "/home/me", XDG_CONFIG_HOME: "" }).global).toBe(
      "/home/me/.config/opencode-orchestrator/settings.jsonc",
    );
  });
});
