import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderWith, put } from "../mission/folder.fixture.ts";
import { isRunning } from "../process/running.fixture.ts";
import { Diagnostics, type DiagnosticsOptions, type FileDiagnostics } from "./diagnostics.ts";

const MADE = fileURLToPath(new URL("server.fixture.mjs", import.meta.url));

/** A server of the fixture that answers for files that end in `.<name>`. */
const playing = (part: string, name = "made", ...more: readonly string[]) => ({
  [name]: { command: [process.execPath, MADE, part, ...more] as const, extensions: [`.${name}`] },
});

async function project(
  files: Readonly<Record<string, string>>,
  servers: DiagnosticsOptions["servers"],
  more: Partial<DiagnosticsOptions> = {},
) {
  const directory = await folderWith(files);
  const diagnostics = new Diagnostics({ directory, servers, ...more });
  onTestFinished(() => diagnostics[Symbol.asyncDispose]());
  return { directory, diagnostics };
}

/** What was said of the only file. */
function only(reports: readonly FileDiagnostics[]): FileDiagnostics {
  expect(reports).toHaveLength(1);
  return reports[0] as FileDiagnostics;
}

const TEXT = "fine\n  😀 BAD\nWARN\n";
const ERRORS = [
  {
    line: 2,
    column: 5,
    severity: "error",
    message: "it is bad",
    code: "made",
    excerpt: "😀 BAD",
    introduced: true,
  },
  { line: 3, column: 1, severity: "warning", excerpt: "WARN" },
];

describe("a file is checked", () => {
  it.each(["pull", "push", "slow", "in parts", "retry"])(
    "by a server that answers, whichever way it does: %s",
    async (part) => {
      const { diagnostics } = await project({ "a.made": TEXT }, playing(part));
      const report = only(await diagnostics.check(["a.made"]));
      expect(report).toMatchObject({
        path: "a.made",
        status: "checked",
        server: "made",
        diagnostics: ERRORS,
      });
    },
  );

  it("by a server of the user's in the place of a known one", async () => {
    const rust = { "rust-analyzer": false, ...playing("pull", "rs") } as const;
    const { diagnostics } = await project({ "a.rs": TEXT }, rust);
    expect(only(await diagnostics.check(["a.rs"]))).toMatchObject({ status: "checked", server: "rs" });
  });

  it("as the text that was given, though it is not on disk", async () => {
    const { diagnostics } = await project({}, playing("push"));
    const report = only(await diagnostics.check([{ path: "new.made", text: "BAD" }]));
    expect(report).toMatchObject({ status: "checked", diagnostics: [{ line: 1, column: 1 }] });
  });
});

describe("what a change introduced", () => {
  it.each(["pull", "push"])(
    "is told from what was there before, wherever that has moved to: %s",
    async (part) => {
      const { diagnostics } = await project({ "a.made": "new line\nold BAD\nnew BAD\n" }, playing(part));
      const report = only(await diagnostics.check([{ path: "a.made", before: "old BAD\n" }]));
      expect(report).toMatchObject({
        status: "checked",
        diagnostics: [
          { line: 2, introduced: false },
          { line: 3, introduced: true },
        ],
      });
    },
  );

  it("includes the second of two that are alike where there was one", async () => {
    const { diagnostics } = await project({ "a.made": "BAD\nBAD\n" }, playing("pull"));
    const report = only(await diagnostics.check([{ path: "a.made", before: "BAD\n" }]));
    expect(report).toMatchObject({ diagnostics: [{ introduced: false }, { introduced: true }] });
  });
});

describe("a file is not checked, and never looks clean,", () => {
  const limits = { timeoutMs: 1500 };

  it.each([
    ["crash at start", /^made ended: exit 3 \(Error: no compiler here\)$/],
    ["crash in the middle", /^made ended: exit 9/],
    ["silent", /no answer within 1.5 s$/],
    ["mute", /no answer within 1.5 s$/],
    ["nonsense", /^made does not speak the protocol/],
    ["no list", /^made answered textDocument\/diagnostic with what is no list of diagnostics: "all is well"/],
  ])("by a server with the part: %s", async (part, reason) => {
    const { diagnostics } = await project({ "a.made": "fine\n" }, playing(part));
    const report = only(await diagnostics.check(["a.made"], limits));
    expect(report).toEqual({ path: "a.made", status: "not_checked", reason: expect.stringMatching(reason) });
  });

  it("where the server is not installed, and it is said what to install", async () => {
    const { diagnostics } = await project(
      { "a.py": "x = 1\n" },
      {},
      { environment: { PATH: "/nonexistent" } },
    );
    expect(only(await diagnostics.check(["a.py"]))).toEqual({
      path: "a.py",
      status: "not_checked",
      reason: expect.stringMatching(/^pyright is not installed .*npm install --save-dev pyright/),
    });
  });

  it("where the server was switched off", async () => {
    const { diagnostics } = await project({ "a.py": "x = 1\n" }, { pyright: false });
    expect(only(await diagnostics.check(["a.py"]))).toMatchObject({
      reason: "no language server is known for this kind of file",
    });
  });

  it("where it is outside of the project, by name or by a link", async () => {
    const { diagnostics, directory } = await project({}, playing("pull"));
    const other = await folderWith({ "secret.made": "BAD" });
    await symlink(join(other, "secret.made"), join(directory, "link.made"));
    const reports = await diagnostics.check(["../x.made", "link.made", join(other, "secret.made")]);
    for (const report of reports) expect(report).toMatchObject({ reason: "it is outside of the project" });
    expect(diagnostics.running).toEqual([]);
  });

  it("where it is missing, no text, or one too many", async () => {
    const { diagnostics, directory } = await project({}, playing("pull"));
    await put(directory, { "bytes.made": Buffer.from([0xff, 0xfe, 0x00]) });
    const many = Array.from({ length: 201 }, () => "none.made");
    const reports = await diagnostics.check(["bytes.made", ...many]);
    expect(reports[0]).toMatchObject({ reason: "it is no UTF-8 text" });
    expect(reports[1]).toMatchObject({ reason: "there is no such file" });
    expect(reports[201]).toMatchObject({ reason: "more than 200 files at once" });
  });

  it("when the caller has enough of it", async () => {
    const { diagnostics } = await project({ "a.made": "fine\n" }, playing("mute"));
    const report = only(await diagnostics.check(["a.made"], { signal: AbortSignal.timeout(300) }));
    expect(report).toMatchObject({ status: "not_checked" });
  });
});

describe("the servers of a project", () => {
  const pidsIn = async (file: string) => (await readFile(file, "utf8")).trim().split("\n");

  it("are started once and shared by checks, at once or one after the other", async () => {
    const pids = join(await folderWith(), "pids");
    const { diagnostics } = await project(
      { "a.made": "BAD\n", "b.made": "\n" },
      playing("push", "made", pids),
    );
    const [a, b] = await Promise.all([diagnostics.check(["a.made"]), diagnostics.check(["b.made"])]);
    expect(only(a)).toMatchObject({ diagnostics: [{ line: 1 }] });
    expect(only(b)).toMatchObject({ diagnostics: [] });
    await diagnostics.check(["a.made"]);
    expect(await pidsIn(pids)).toHaveLength(1);
  });

  it("end, with all that they started, when they are disposed of", async () => {
    const pids = join(await folderWith(), "pids");
    const { diagnostics } = await project({ "a.made": "\n" }, playing("pull", "made", pids));
    await diagnostics.check(["a.made"]);
    const started = (await pidsIn(pids)).flatMap((line) => line.split(" ").map(Number));
    expect(started.map(isRunning)).toEqual([true, true]);
    await diagnostics[Symbol.asyncDispose]();
    await expect.poll(() => started.map(isRunning)).toEqual([false, false]);
    expect(only(await diagnostics.check(["a.made"]))).toMatchObject({
      reason: "the project is being closed",
    });
  });

  it("end when nobody has asked for a while, and start anew when somebody does", async () => {
    const { diagnostics } = await project({ "a.made": "BAD\n" }, playing("pull"), { idleMs: 100 });
    await diagnostics.check(["a.made"]);
    expect(diagnostics.running).toEqual(["made"]);
    await expect.poll(() => diagnostics.running).toEqual([]);
    expect(only(await diagnostics.check(["a.made"]))).toMatchObject({ diagnostics: [{ line: 1 }] });
  });

  it("are no more at once than allowed: the one that was asked longest ago ends first", async () => {
    const three = { ...playing("pull", "x"), ...playing("pull", "y"), ...playing("pull", "z") };
    const files = { "a.x": "", "a.y": "", "a.z": "" };
    const { diagnostics } = await project(files, three, { most: 2 });
    for (const file of ["a.x", "a.y", "a.x", "a.z"]) await diagnostics.check([file]);
    expect(diagnostics.running).toEqual(["x", "z"]);
    const together = await diagnostics.check(Object.keys(files));
    expect(together.map(({ status }) => status)).toEqual(["checked", "checked", "checked"]);
  });

  it("are started anew after a crash, and given up after three in a row", async () => {
    const pids = join(await folderWith(), "pids");
    const { diagnostics } = await project({ "a.made": "\n" }, playing("crash in the middle", "made", pids));
    for (let time = 0; time < 3; time += 1)
      expect(only(await diagnostics.check(["a.made"]))).toMatchObject({
        reason: expect.stringMatching(/exit 9/),
      });
    expect(only(await diagnostics.check(["a.made"]))).toMatchObject({
      reason: "made failed 3 times in a row and is not tried again",
    });
    expect(await pidsIn(pids)).toHaveLength(3);
  });

  it("are started anew when what sets the project up has changed", async () => {
    const pids = join(await folderWith(), "pids");
    const { diagnostics, directory } = await project({ "a.made": "\n" }, playing("pull", "made", pids));
    await diagnostics.check(["a.made"]);
    await put(directory, { "b.made": "other source" });
    await diagnostics.check(["a.made"]);
    expect(await pidsIn(pids)).toHaveLength(1);
    await put(directory, { "package.json": "{}" });
    await diagnostics.check(["a.made"]);
    expect(await pidsIn(pids)).toHaveLength(2);
  });
});
