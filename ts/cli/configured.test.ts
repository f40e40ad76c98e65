import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SETTINGS_VARIABLE } from "../mission/settings.ts";
import { environmentFor } from "./configured.ts";

const PLUGIN = fileURLToPath(new URL("./server.js", import.meta.url));

describe.skipIf(process.platform === "win32")("the environment of one run", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "configured-"));
    // A package of its own, whatever the folders above are.
    await writeFile(join(folder, "package.json"), "{}");
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  /** What an OpenCode that is configured with these plugins is given. */
  async function given(plugin: unknown, before?: string) {
    const program = join(folder, "opencode");
    const config = JSON.stringify({ theme: "dark", plugin });
    await writeFile(program, `#!/bin/sh\ncat <<'END'\na note before it\n${config}\nEND\n`);
    await chmod(program, 0o755);
    vi.stubEnv("OPENCODE_CONFIG_CONTENT", before);
    const env = await environmentFor(program, folder, { unattended: "allow" });
    expect(env).toMatchObject({ PWD: folder, [SETTINGS_VARIABLE]: '{"unattended":"allow"}' });
    const content = env["OPENCODE_CONFIG_CONTENT"];
    return content === undefined ? undefined : (JSON.parse(content) as unknown);
  }

  it.each([
    "opencode-orchestrator",
    "opencode-orchestrator@1.2.3",
    ["opencode-orchestrator", { attempts: 2 }],
  ])("is left as it is where OpenCode loads the plugin: %j", async (entry) => {
    expect(await given(["another", entry])).toBeUndefined();
  });

  it("names the plugin where OpenCode does not load it, beside what the variable says already", async () => {
    expect(await given(undefined)).toEqual({ plugin: [PLUGIN] });
    expect(await given(["opencode-orchestrator-fork"])).toEqual({ plugin: [PLUGIN] });
    expect(await given([], '{"model":"a/b","plugin":["one"]}')).toEqual({
      model: "a/b",
      plugin: ["one", PLUGIN],
    });
  });

  it("takes a file that is not there for another plugin", async () => {
    expect(await given([join(folder, "server.js")])).toEqual({ plugin: [PLUGIN] });
  });
});
