import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { EngineError, loadAddon, platformPackage, platformTag } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { inProcess } from "./process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ADDON = join(ROOT, "dist", `orchestrator.${platformTag()}.node`);
const { version: VERSION }: { version: string } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);

/** A folder that looks like this package installed, in some version. */
function installed(version: string) {
  const folder = temporaryFolder();
  writeFileSync(folder.file("package.json"), JSON.stringify({ name: "opencode-orchestrator", version }));
  mkdirSync(folder.file("dist"));
  return folder;
}

function failure(search: Parameters<typeof loadAddon>[0]): EngineError {
  try {
    loadAddon(search);
  } catch (error) {
    if (EngineError.is(error)) return error;
    throw error;
  }
  throw new Error("the addon was loaded");
}

test("the package's own addon comes first, and then the platform's package", () => {
  using folder = installed(VERSION);
  const name = platformPackage();
  const packaged = folder.file(`node_modules/${name}`);
  mkdirSync(packaged, { recursive: true });
  writeFileSync(join(packaged, "package.json"), JSON.stringify({ name, main: "orchestrator.node" }));
  // A link: one process has an addon of one version, and loads its file once.
  symlinkSync(ADDON, join(packaged, "orchestrator.node"));
  expect(loadAddon({ root: folder.path }).version()).toBe(VERSION);

  // What is there and broken is told, even though the next place would do.
  const own = folder.file(`dist/orchestrator.${platformTag()}.node`);
  writeFileSync(own, "not an addon");
  const error = failure({ root: folder.path });
  expect(error.code).toBe("ERR_ADDON_LOAD");
  expect(error.message).toContain(own);
  expect(error.cause).toBeInstanceOf(Error);
});

test("where there is none, the message names all that was tried, the platform, and the package to install", () => {
  using folder = installed(VERSION);
  const error = failure({ root: folder.path, platform: { os: "linux", arch: "riscv64", abi: "musl" } });
  expect(error.code).toBe("ERR_ADDON_NOT_FOUND");
  for (const part of [
    join(folder.path, "dist", "orchestrator.linux-riscv64-musl.node"),
    "opencode-orchestrator-linux-riscv64-musl",
    `npm install opencode-orchestrator-linux-riscv64-musl@${VERSION}`,
    "npm run build:native",
  ]) {
    expect(error.message).toContain(part);
  }
  expect(error.details["package"]).toBe("opencode-orchestrator-linux-riscv64-musl");
});

test("an addon of another version is refused", () => {
  using folder = installed("9.9.9");
  symlinkSync(ADDON, folder.file(`dist/orchestrator.${platformTag()}.node`));
  const error = failure({ root: folder.path });
  expect(error.code).toBe("ERR_ADDON_VERSION");
  expect(error.message).toContain(`version ${VERSION}, but this is opencode-orchestrator 9.9.9`);
});

test("a platform package without its binary is damaged, not missing", () => {
  using folder = installed(VERSION);
  const packaged = folder.file(`node_modules/${platformPackage()}`);
  mkdirSync(packaged, { recursive: true });
  writeFileSync(join(packaged, "package.json"), JSON.stringify({ main: "orchestrator.node" }));
  const error = failure({ root: folder.path });
  expect(error.code).toBe("ERR_ADDON_LOAD");
  expect(error.message).toContain(packaged);
});

test("an override is the only place that is looked at, and has to be absolute", () => {
  for (const override of ["dist/x.node", "/nowhere/x.node"]) {
    const error = failure({ override });
    expect(error.code).toBe("ERR_ADDON_NOT_FOUND");
    expect(error.message).toContain(override);
    expect(error.details["tried"]).toHaveLength(1);
  }
  expect(loadAddon({ override: ADDON }).version()).toBe(VERSION);
});

test("importing loads nothing and throws nothing: the first use does", async () => {
  const script = `
    const { Scheduler, EngineError } = await import(engine);
    console.log("imported");
    try { new Scheduler(); } catch (error) { console.log(EngineError.is(error, "ERR_ADDON_NOT_FOUND")); }
  `;
  expect(await inProcess(script, { ORCHESTRATOR_NATIVE_PATH: "/nowhere/x.node" })).toBe("imported\ntrue");
});

test("workers load it, and end in the middle of their work, without taking the process down", async () => {
  const script = `
    const { Worker } = await import("node:worker_threads");
    const { Scheduler } = await import(engine);
    const main = new Scheduler();
    const code = \`
      const { parentPort } = require("node:worker_threads");
      import(\${JSON.stringify(engine)}).then(({ Scheduler, checkSyntax }) => {
        const scheduler = new Scheduler();
        parentPort.postMessage(scheduler.snapshot().phase);
        for (;;) { scheduler.snapshot(); checkSyntax("a.ts", "const a = [1, 2];".repeat(100)); }
      });
    \`;
    for (let i = 0; i < 5; i++) {
      const worker = new Worker(code, { eval: true });
      const phase = await new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
      if (phase !== "planning") throw new Error(phase);
      await worker.terminate();
    }
    console.log(main.snapshot().phase);
  `;
  expect(await inProcess(script)).toBe("planning");
});

test("two copies of the package in one process recognise each other's errors", async () => {
  using folder = installed(VERSION);
  const copied = folder.file("dist");
  for (const file of readdirSync(join(ROOT, "dist")).filter((name) => name.endsWith(".js"))) {
    copyFileSync(join(ROOT, "dist", file), join(copied, file));
  }
  symlinkSync(ADDON, join(copied, `orchestrator.${platformTag()}.node`));
  const script = `
    const { EngineError } = await import(engine);
    const other = await import(${JSON.stringify(pathToFileURL(join(copied, "engine.js")).href)});
    try { new other.Scheduler({ attempts: 0 }); } catch (error) {
      console.log(error instanceof EngineError, EngineError.is(error, "ERR_INVALID_CONFIG"));
    }
  `;
  expect(await inProcess(script)).toBe("false true");
});
