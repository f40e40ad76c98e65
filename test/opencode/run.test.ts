import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import {
  call,
  type Scenario,
  type ScriptedModel,
  say,
  scenario,
  startScriptedModel,
  turns,
} from "../../ts/scripted-model/index.ts";
import { type BenchOptions, type OpenCodeBench, openCode } from "./index.ts";

const WITNESS = join(import.meta.dirname, "fixtures/witness-plugin.mjs");
const open: AsyncDisposable[] = [];

async function setUp(
  script: Scenario,
  options: Omit<BenchOptions, "model"> = {},
): Promise<{ model: ScriptedModel; bench: OpenCodeBench }> {
  const model = await startScriptedModel({ scenario: script });
  open.push(model);
  const bench = await openCode({ model, ...options });
  open.push(bench);
  return { model, bench };
}

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

test("a plain prompt is answered by the scripted model, in one chat request and one for the title", async () => {
  const { model, bench } = await setUp(scenario().otherwise(say("Hello from the script.")));
  const ended = await bench.run("hello");
  expect(ended).toMatchObject({ code: 0, timedOut: false });
  expect(ended.stdout).toContain("Hello from the script.");
  expect(model.requests.map((request) => request.kind).sort()).toEqual(["chat", "title"]);
  const chat = await model.waitFor((request) => request.kind === "chat");
  expect(chat.body?.messages.map((message) => message.role)).toEqual(["system", "user"]);
  expect(chat.sessionKey).toMatch(/^ses_/);
  expect(chat.bytes).toBeGreaterThan(20_000);
  expect(chat.bytes).toBeLessThan(35_000);
  console.info(`opencode run: ${Math.round(ended.ms)} ms, chat request ${chat.bytes} bytes`);
});

test("a tool call is really executed in the project, and its result goes back to the model", async () => {
  const { model, bench } = await setUp(
    scenario().otherwise(
      turns([
        [
          call("write", { filePath: "made.txt", content: "made by the model\n" }),
          call("bash", { command: "git rev-parse --abbrev-ref HEAD && cat here.txt", description: "look" }),
        ],
        say("all done"),
      ]),
    ),
    { files: { "here.txt": "already here\n" } },
  );
  const { code, stdout } = await bench.run("make a file");
  expect(code).toBe(0);
  expect(stdout).toContain("all done");
  expect(await bench.project.read("made.txt")).toBe("made by the model\n");
  expect(await bench.project.files()).toEqual(["here.txt", "made.txt"]);
  const second = await model.waitFor((request) => request.kind === "chat" && request.number === 2);
  const results = second.body?.messages.filter((message) => message.role === "tool");
  expect(results?.map((result) => result.text).join()).toContain("main\nalready here");
});

test("a project without git works as well", async () => {
  const { bench } = await setUp(scenario().otherwise(say("fine")), { git: false, files: { "a.txt": "a" } });
  expect((await bench.run("hello")).stdout).toContain("fine");
  expect(await bench.project.files()).toEqual(["a.txt"]);
});

test("a plugin is loaded with its options, and nothing is installed for it", async () => {
  const { bench } = await setUp(scenario().otherwise(say("fine")), {
    plugin: WITNESS,
    pluginOptions: { lanes: 3 },
  });
  expect((await bench.run("hello")).stdout).toContain("fine");
  expect(JSON.parse(await bench.project.read("witness.json"))).toEqual({ lanes: 3 });
  // npm leaves a lock file of its own inside node_modules: without one it did not run.
  expect(existsSync(join(bench.home.configDir, "node_modules"))).toBe(true);
  expect(existsSync(join(bench.home.configDir, "node_modules/.package-lock.json"))).toBe(false);
  expect(await bench.log()).not.toContain("install failed");
});

test("the user's own config is laid over the bench's", async () => {
  const { model, bench } = await setUp(scenario().otherwise(say("fine")), {
    config: { agent: { build: { prompt: "You are terse." } }, permission: { webfetch: "deny" } },
  });
  await bench.run("hello");
  const { body } = await model.waitFor((request) => request.kind === "chat");
  expect(body?.messages[0]?.text).toMatch(/^You are terse\./);
  expect(body?.tools.map((tool) => tool.name)).not.toContain("webfetch");
});

test("two runs of one bench send the same bytes, with a plugin that does nothing as without it", async () => {
  const { model, bench } = await setUp(scenario().otherwise(say("fine")), { git: false });
  await bench.run("hello");
  await bench.configure({ plugin: WITNESS });
  await bench.run("hello");
  const [bare, withPlugin] = model.requests.filter((request) => request.kind === "chat");
  expect(bare?.raw).toContain("hello");
  expect(withPlugin?.raw).toBe(bare?.raw);
  expect(withPlugin?.sessionKey).not.toBe(bare?.sessionKey);
  expect(await bench.project.files()).toEqual(["witness.json"]);
});

test("dispose in the middle of a run ends every process, children of tools included, and removes every file", async () => {
  const { model, bench } = await setUp(
    scenario().otherwise(call("bash", { command: "sleep 301 & sleep 300", description: "wait" })),
  );
  await bench.start("wait");
  await model.waitFor((request) => request.kind === "chat" && request.outcome === "answered", 30_000);
  await expect
    .poll(async () => (await bench.processes()).map(({ command }) => command), { timeout: 10_000 })
    .toEqual(expect.arrayContaining(["sleep 300", "sleep 301"]));
  await bench.dispose();
  expect(await bench.processes()).toEqual([]);
  expect(existsSync(bench.project.dir)).toBe(false);
  expect(existsSync(bench.home.dir)).toBe(false);
});
