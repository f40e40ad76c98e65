import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { configFolder, sandboxEnvironment, seedConfigFolder } from "../../ts/cli/sandbox.ts";
import { startScriptedModel } from "../../ts/scripted-model/index.ts";
import { startGroup } from "../opencode/process-group.ts";
import { cast, commanding, type Plan, task } from "./plan.ts";
import { chats } from "./wire.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const PLAN: Plan = { goal: "One file", tasks: [task("a")] };

test("with --model the demo plays on a model that the user's own OpenCode is configured for", async () => {
  await using model = await startScriptedModel({ scenario: cast(commanding(PLAN)) });
  const home = await realpath(await mkdtemp(join(tmpdir(), "demo-home-")));
  try {
    await seedConfigFolder(configFolder(home));
    const models = { mine: { name: "mine", limit: { context: 200_000, output: 8000 } } };
    const options = { baseURL: model.url, apiKey: "none" };
    const provider = { own: { npm: "@ai-sdk/openai-compatible", options, models } };
    await writeFile(
      join(configFolder(home), "opencode.json"),
      JSON.stringify({ provider, small_model: "own/mine" }),
    );
    await mkdir(join(home, "tmp"));
    const env = { PATH: process.env["PATH"] ?? "", ...sandboxEnvironment(home), TMPDIR: join(home, "tmp") };
    const args = [CLI, "demo", "--model", "own/mine", "--objective", "write one file", "--json"];
    const group = await startGroup(process.execPath, args, { cwd: home, env, timeout: 120_000 });
    const { code, stdout, stderr } = await group.ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: "accepted", tasks: { a: { state: "accepted" } } });
    const [first] = chats(model, "commander");
    expect(first?.body?.messages.at(-1)?.text).toBe("write one file");
    expect(chats(model, "worker").map(({ body }) => body?.model)).toContain("mine");
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
});
