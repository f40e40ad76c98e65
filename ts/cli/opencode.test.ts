import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix, sep, win32 } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { CliError, ExitCode } from "./exit.ts";
import { besides, findOpenCode, findUsersOpenCode, onPath, startOpenCode } from "./opencode.ts";

async function folder(): Promise<string> {
  const made = await realpath(await mkdtemp(join(tmpdir(), "orchestrator-test-")));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** Runs a script as if it were OpenCode. */
async function start(script: string, env: NodeJS.ProcessEnv = {}) {
  const cwd = await folder();
  const running = startOpenCode(process.execPath, ["-e", script], { cwd, env: { ...process.env, ...env } });
  onTestFinished(() => running.kill());
  return { cwd, running };
}

/** A process that ended but that nobody has reaped yet (state Z) does not run any more. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

describe("finding OpenCode", () => {
  it("believes OPENCODE_BIN first", async () => {
    const program = join(await folder(), "my-opencode");
    await writeFile(program, "");
    expect(findOpenCode({ OPENCODE_BIN: program, PATH: "/usr/bin" })).toBe(program);
  });

  it("says so where OPENCODE_BIN names nothing, and looks no further", () => {
    const finding = () => findOpenCode({ OPENCODE_BIN: "/nowhere/opencode" });
    expect(finding).toThrow(CliError);
    expect(finding).toThrow(expect.objectContaining({ exitCode: ExitCode.Environment }));
    expect(finding).toThrow(/OPENCODE_BIN names \/nowhere\/opencode/);
  });

  it("takes one that is installed beside this package before one on PATH", async () => {
    const path = await folder();
    await writeFile(join(path, "opencode"), "");
    const beside = besides().some((bin) => existsSync(join(bin, "opencode")));
    const found = findOpenCode({ PATH: path });
    expect(found.startsWith(path)).toBe(!beside);
  });

  it("looks beside this package in every folder up to the root", () => {
    const folders = besides();
    expect(folders[0]).toContain(join("ts", "cli", "node_modules", ".bin"));
    expect(folders.at(-1)).toBe(join(sep, "node_modules", ".bin"));
    expect(folders).toContain(join(process.cwd(), "node_modules", ".bin"));
  });
});

describe("finding the OpenCode that the user starts", () => {
  it("takes the one on PATH before one that is installed beside this package", async () => {
    const path = await folder();
    await writeFile(join(path, "opencode"), "");
    expect(findUsersOpenCode(undefined, { PATH: path })).toBe(join(path, "opencode"));
  });

  it("takes the one that was named before all, and says so where it does not exist", async () => {
    const program = join(await folder(), "mine");
    await writeFile(program, "");
    expect(findUsersOpenCode(program, { PATH: "", OPENCODE_BIN: "/other" })).toBe(program);
    expect(() => findUsersOpenCode("/nowhere/opencode", {})).toThrow(/there is no \/nowhere\/opencode/);
  });

  it("looks on Windows for what npm puts on PATH, with drive letters, quotes and empty entries", () => {
    const path = 'C:\\Users\\Me\\AppData\\Roaming\\npm;;"D:\\Program Files\\node"';
    expect(onPath("opencode", path, win32)).toEqual([
      "C:\\Users\\Me\\AppData\\Roaming\\npm\\opencode.cmd",
      "C:\\Users\\Me\\AppData\\Roaming\\npm\\opencode.exe",
      "D:\\Program Files\\node\\opencode.cmd",
      "D:\\Program Files\\node\\opencode.exe",
    ]);
    expect(onPath("opencode", "/usr/bin::/bin", posix)).toEqual(["/usr/bin/opencode", "/bin/opencode"]);
  });
});

describe("running OpenCode", () => {
  it("is in the folder asked for, which PWD says too", async () => {
    const { cwd, running } = await start("console.log(process.cwd(), process.env.PWD)", {
      PWD: "/elsewhere",
    });
    expect(await running.ended).toBe(0);
    expect(running.output().trim()).toBe(`${cwd} ${cwd}`);
  });

  it("answers the exit code and both streams", async () => {
    const { running } = await start("console.log('out'); console.error('err'); process.exitCode = 4");
    expect(await running.ended).toBe(4);
    expect(running.output()).toContain("out\n");
    expect(running.output()).toContain("err\n");
  });

  it.skipIf(process.platform === "win32")("ends with all that it started when it is killed", async () => {
    const { running } = await start(
      "const { pid } = require('node:child_process').spawn('sleep', ['60'], { stdio: 'ignore' }); console.log(pid); setInterval(() => {}, 1000)",
    );
    await expect.poll(() => running.output()).toMatch(/^\d+\n$/);
    const child = Number(running.output());
    expect(isRunning(child)).toBe(true);
    running.kill();
    expect(await running.ended).toBeNull();
    await expect.poll(() => isRunning(child)).toBe(false);
    expect(() => running.kill()).not.toThrow();
  });

  it("that can't be started is a matter of the environment", async () => {
    const cwd = await folder();
    const running = startOpenCode(join(cwd, "none"), [], { cwd, env: process.env });
    await expect(running.ended).rejects.toMatchObject({ name: "CliError", exitCode: ExitCode.Environment });
    await expect(running.ended).rejects.toThrow(/could not start .*none/);
  });

  it.skipIf(process.platform === "win32")("that may not be run is a matter of the environment", async () => {
    const cwd = await folder();
    const program = join(cwd, "opencode");
    await mkdir(join(cwd, "work"));
    await writeFile(program, "#!/bin/sh\n");
    await chmod(program, 0o644);
    const running = startOpenCode(program, [], { cwd, env: process.env });
    await expect(running.ended).rejects.toThrow(/could not start .*EACCES/);
  });
});
