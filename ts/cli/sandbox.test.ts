import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { configFolder, sandboxEnvironment, seedConfigFolder } from "./sandbox.ts";

const HOME = join("/", "sandbox");

describe("a sandbox", () => {
  it("has every folder that OpenCode looks for below its home", () => {
    const env = sandboxEnvironment(HOME);
    const folders = ["HOME", "USERPROFILE", ...Object.keys(env).filter((name) => name.startsWith("XDG_"))];
    expect(folders).toHaveLength(6);
    for (const name of folders) expect(`${env[name]}/`, name).toContain(`${HOME}/`.replaceAll("//", "/"));
  });

  it("keeps OpenCode from calling out", () => {
    expect(sandboxEnvironment(HOME)).toMatchObject({
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    });
  });

  it("has its configuration folder where its own variables say", () => {
    expect(configFolder(HOME)).toBe(join(sandboxEnvironment(HOME)["XDG_CONFIG_HOME"] ?? "", "opencode"));
  });
});

describe("a seeded configuration folder", () => {
  it("has a lock file that lists all that the package names, so that there is nothing to install", async () => {
    const home = await mkdtemp(join(tmpdir(), "orchestrator-test-"));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    const folder = configFolder(home);
    await seedConfigFolder(folder);
    await seedConfigFolder(folder);
    expect((await readdir(folder)).sort()).toEqual(["node_modules", "package-lock.json", "package.json"]);
    const json = async (file: string) => JSON.parse(await readFile(join(folder, file), "utf8"));
    const { dependencies } = await json("package.json");
    expect(Object.keys(dependencies)).toContain("@opencode-ai/plugin");
    expect((await json("package-lock.json")).packages[""].dependencies).toEqual(dependencies);
  });
});
