import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ScriptedModel, say, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { openCodeConfig } from "../opencode/config.ts";
import { type OpenCodeBench, openCode } from "../opencode/index.ts";
import { type Answer, orchestrator, REPOSITORY } from "./command-line.ts";

const exec = promisify(execFile);

let model: ScriptedModel;
let bench: OpenCodeBench;
let config: string;
let panel: string;

beforeAll(async () => {
  model = await startScriptedModel({ respond: () => say("hello") });
  bench = await openCode({ model, plugin: null, files: { "readme.md": "# hello\n" } });
  config = join(bench.home.configDir, "opencode.jsonc");
  panel = join(bench.home.configDir, "tui.json");
});

afterAll(async () => {
  await bench.dispose();
  await model.close();
});

/** A configuration that works, as somebody may have written it. */
function written(keys: Readonly<Record<string, unknown>> = {}): string {
  const json = JSON.stringify(openCodeConfig({ model, plugin: null, config: keys }), null, 4);
  return `\uFEFF${json.replace('"model":', '// the one I can pay for\n    "model":').replace(/\n\}$/, ", // more to come\n}")} // end\n`.replaceAll(
    "\n",
    "\r\n",
  );
}

beforeEach(async () => {
  await rm(join(bench.home.configDir, "opencode.json"), { force: true });
  await rm(panel, { force: true });
  await writeFile(config, written());
});

async function done(answer: Promise<Answer>): Promise<Answer> {
  const { code, stdout, stderr } = await answer;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return { code, stdout, stderr };
}

/** Starts OpenCode, has a chat in it, and ends it. */
async function chat(): Promise<readonly string[]> {
  const server = await bench.serve();
  const { data } = await server.client.command.list({ throwOnError: true });
  expect(await server.prompt(await server.session(), "hi")).toBe("hello");
  await server.stop();
  return data.map(({ name }) => name);
}

describe("install, in a real OpenCode", () => {
  it("adds /task, and from then on nothing writes to the configuration; uninstall returns each byte", async () => {
    const before = await readFile(config);
    expect(await chat()).not.toContain("task");
    expect(await readFile(config)).toEqual(before);

    await done(orchestrator(bench, ["install", "--global"]));
    const after = await readFile(config);
    const panelAfter = await readFile(panel);
    expect(await chat()).toContain("task");
    expect(await chat()).toContain("task");
    expect(await readFile(config)).toEqual(after);
    expect(await readFile(panel)).toEqual(panelAfter);
    expect(await bench.project.files()).toEqual(["readme.md"]);

    await done(orchestrator(bench, ["uninstall"]));
    expect(await readFile(config)).toEqual(before);
    await expect(readFile(panel)).rejects.toThrow(/ENOENT/);
    expect(await chat()).not.toContain("task");
  });

  it("leaves what OpenCode itself has written meanwhile: the schema that it misses", async () => {
    const bare = JSON.stringify({ ...openCodeConfig({ model, plugin: null }), $schema: undefined });
    await writeFile(config, bare);
    await done(orchestrator(bench, ["install", "--global"]));
    expect(await chat()).toContain("task");
    const touched = await readFile(config, "utf8");
    expect(touched).toContain("$schema");
    await done(orchestrator(bench, ["uninstall"]));
    const left = await readFile(config, "utf8");
    expect(left).toBe(touched.replace(/,\s*"plugin":\s*\["[^"]+"\]/, ""));
    expect(JSON.parse(left)).toEqual({ ...JSON.parse(bare), $schema: expect.any(String) });
  });

  it("for one project leaves the global configuration alone", async () => {
    const before = await readFile(config);
    await done(orchestrator(bench, ["install", "--project"]));
    expect(await chat()).toContain("task");
    expect(await readFile(config)).toEqual(before);
    expect(await bench.project.files()).toEqual(["opencode.json", "readme.md", "tui.json"]);
    await done(orchestrator(bench, ["uninstall"]));
    expect(await bench.project.files()).toEqual(["readme.md"]);
  });
});

describe("the package (complaint 15)", () => {
  it("installs from its tarball without a network or a script of its own, and OpenCode runs it from there", async () => {
    const folder = join(bench.home.dir, "elsewhere");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "package.json"), '{ "private": true }');
    const env = { ...bench.home.env, npm_config_loglevel: "error" };
    const packing = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
    const { stdout } = await exec("npm", packing, { cwd: REPOSITORY, env, maxBuffer: 1 << 24 });
    const tarball = /"filename":\s*"([^"]+\.tgz)"/.exec(stdout)?.[1] ?? "";
    const options = ["--offline", "--omit=optional", "--no-audit", "--no-fund", "--foreground-scripts"];
    await exec("npm", ["install", ...options, join(folder, tarball)], { cwd: folder, env });
    const installed = join(folder, "node_modules/opencode-orchestrator");
    const manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
    for (const script of ["preinstall", "install", "postinstall", "prepare"])
      expect(manifest.scripts ?? {}).not.toHaveProperty(script);
    const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8"));
    expect(Object.keys(lock.packages)).toEqual(["", "node_modules/opencode-orchestrator"]);

    const program = join(installed, "dist/cli.js");
    await done(orchestrator(bench, ["install", "--global", "--entry", "path"], program));
    const { stdout: said } = await done(orchestrator(bench, ["doctor", "--json"], program));
    const { checks } = JSON.parse(said);
    expect(checks).toContainEqual(
      expect.objectContaining({
        name: "plugin",
        verdict: "ok",
        found: expect.stringContaining(`from ${installed}`),
      }),
    );
    await done(orchestrator(bench, ["uninstall"], program));
    expect(await readFile(config, "utf8")).toBe(written());
  });
});
