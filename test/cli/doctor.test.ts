import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedModel, say, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { type OpenCodeBench, openCode } from "../opencode/index.ts";
import { orchestrator, PLUGIN, REPOSITORY } from "./command-line.ts";

interface Said {
  readonly name: string;
  readonly verdict: string;
  readonly found: string;
  readonly fix?: string;
}

let model: ScriptedModel;
let bench: OpenCodeBench;
let version: string;

beforeAll(async () => {
  model = await startScriptedModel({ respond: () => say("hello") });
  bench = await openCode({ model, plugin: PLUGIN });
  version = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8")).version;
});

afterAll(async () => {
  await bench.dispose();
  await model.close();
});

/** Has the doctor look at an OpenCode whose configuration names `plugin`. */
async function examined(plugin: string | null, ...args: readonly string[]) {
  await bench.configure({ plugin });
  const { code, stdout, stderr } = await orchestrator(bench, ["doctor", "--json", ...args]);
  expect(stderr).toBe("");
  const { checks, healthy } = JSON.parse(stdout) as { checks: readonly Said[]; healthy: boolean };
  expect(code).toBe(healthy ? 0 : 1);
  return {
    code,
    of(name: string): Said {
      const check = checks.find((one) => one.name === name);
      if (check === undefined) throw new Error(`nothing is said of ${name}: ${stdout}`);
      return check;
    },
  };
}

/** A package of our name in `folder`, with `files`. */
async function packageIn(folder: string, wanted: string, files: Readonly<Record<string, string>>) {
  const manifest = JSON.parse(await readFile(join(REPOSITORY, "package.json"), "utf8"));
  await mkdir(join(folder, "dist"), { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ ...manifest, version: wanted }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, "dist", name), text);
  return folder;
}

describe("the doctor (complaint 8)", () => {
  it("finds nothing wrong where OpenCode has loaded this package, and says which file and engine", async () => {
    const { code, of } = await examined(PLUGIN);
    expect(code).toBe(0);
    expect(of("plugin")).toMatchObject({
      verdict: "ok",
      found: expect.stringContaining(`${version} from ${REPOSITORY}`),
    });
    expect(of("/task").verdict).toBe("ok");
    expect(of("tools and agents").verdict).toBe("ok");
    expect(of("native engine")).toMatchObject({
      verdict: "ok",
      found: expect.stringMatching(/in Bun .*\.node$/),
    });
    expect(of("store")).toMatchObject({ verdict: "not checked" });
    expect(await bench.processes()).toEqual([]);
    expect(await bench.project.files()).toEqual([]);
  });

  it("fails where nothing names the plugin", async () => {
    const { of } = await examined(null);
    expect(of("plugin")).toMatchObject({
      verdict: "failed",
      fix: expect.stringContaining("orchestrator install"),
    });
    expect(of("/task").verdict).toBe("not checked");
  });

  it("fails where the entry names a file that is not there", async () => {
    const gone = join(bench.home.dir, "opencode-orchestrator/dist/server.js");
    const { of } = await examined(gone);
    expect(of("plugin")).toMatchObject({ verdict: "failed" });
    expect(of("plugin").found).toContain(gone);
  });

  it("fails where the plugin's file throws, with what it throws", async () => {
    const folder = join(bench.home.dir, "throwing");
    await packageIn(folder, version, { "server.js": 'throw new Error("half an update")' });
    const { of } = await examined(folder);
    expect(of("entry").verdict).toBe("ok");
    expect(of("plugin")).toMatchObject({
      verdict: "failed",
      found: expect.stringContaining("half an update"),
    });
  });

  it("fails where the version that is named was never fetched, or is gone", async () => {
    const { of } = await examined("opencode-orchestrator@9.9.9");
    expect(of("plugin")).toMatchObject({ verdict: "failed", found: expect.stringContaining("9.9.9") });
    expect(of("plugin").fix).toContain("network");
  });

  it("fails where OpenCode's cache holds another version, and names the folder to remove", async () => {
    const cache = join(bench.home.dir, ".cache/opencode/packages/opencode-orchestrator@latest");
    const folder = join(cache, "node_modules/opencode-orchestrator");
    await packageIn(folder, "0.0.1", {});
    await cp(join(REPOSITORY, "dist"), join(folder, "dist"), {
      recursive: true,
      filter: (file) => !file.endsWith(".node"),
    });
    const { of } = await examined("opencode-orchestrator");
    expect(of("plugin")).toMatchObject({ verdict: "failed", found: expect.stringContaining("0.0.1") });
    expect(of("plugin").fix).toContain(`remove ${cache}`);
    expect(of("native engine").verdict).toBe("failed");
  });

  it("fails where a later file's list of plugins replaces the one with the entry", async () => {
    const later = join(bench.home.configDir, "opencode.jsonc");
    await writeFile(later, '{ "$schema": "https://opencode.ai/config.json", "plugin": [] }');
    const { of } = await examined(PLUGIN);
    await writeFile(later, '{ "$schema": "https://opencode.ai/config.json" }');
    expect(of("plugin").verdict).toBe("failed");
    expect(of("entry")).toMatchObject({ verdict: "failed", found: expect.stringContaining("in vain") });
  });

  it("tells of settings that are not valid, with their path", async () => {
    await bench.project.write(".orchestrator/settings.jsonc", '{ "atempts": 2 }');
    const { of } = await examined(PLUGIN);
    await bench.project.write(".orchestrator/settings.jsonc", "{}");
    expect(of("settings")).toMatchObject({
      verdict: "failed",
      found: expect.stringMatching(/settings\.jsonc.*atempts/),
    });
    expect(of("plugin").verdict).toBe("ok");
  });

  it("gives up an OpenCode that does not answer, in time, and says nothing of what it could not see", async () => {
    const mute = join(bench.home.dir, "mute");
    await writeFile(mute, "#!/bin/sh\nsleep 100\n", { mode: 0o755 });
    const { of } = await examined(PLUGIN, "--opencode", mute, "--timeout", "1");
    expect(of("OpenCode")).toMatchObject({ verdict: "failed", found: expect.stringContaining("1 s") });
    expect(of("plugin").verdict).toBe("not checked");
    expect(await bench.processes()).toEqual([]);
  });

  it("says so where there is no such OpenCode, and still looks at the rest", async () => {
    const { of } = await examined(PLUGIN, "--opencode", "/nowhere/opencode");
    expect(of("OpenCode").verdict).toBe("failed");
    expect(of("entry").verdict).toBe("ok");
  });
});
