import { cp, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { call, say, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { type OpenCodeBench, openCode, tuiUnavailable } from "../opencode/index.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const SCRIPTED_MISSION = join(import.meta.dirname, "fixtures/scripted-mission.mjs");
const PACKAGE = "opencode-orchestrator";

type Task = { id: string; title: string; state: string; attempt: number };

const task = (id: string, title: string, state: string, attempt = 1): Task => ({ id, title, state, attempt });

const unavailable = tuiUnavailable();
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** Puts what is published of the package into a `node_modules` that holds nothing else; returns its folder. */
async function install(nodeModules: string): Promise<string> {
  const folder = join(nodeModules, PACKAGE);
  await mkdir(folder, { recursive: true });
  await cp(join(REPOSITORY, "package.json"), join(folder, "package.json"));
  await cp(join(REPOSITORY, "dist"), join(folder, "dist"), {
    recursive: true,
    filter: (path) => !path.endsWith(".node"),
  });
  return folder;
}

/** What tui.json lists, and where the package has to be for it. */
const LISTED = {
  "by its name": async (bench: OpenCodeBench) => {
    const cached = join(bench.home.env["XDG_CACHE_HOME"] ?? "", `opencode/packages/${PACKAGE}@latest`);
    await install(join(cached, "node_modules"));
    return PACKAGE;
  },
  "by its folder": (bench: OpenCodeBench) => install(join(bench.home.dir, "node_modules")),
};

/** OpenCode with the panel, a mission that tells what `tell` last wrote, and a commander for "carry it out". */
async function mission(listed: (bench: OpenCodeBench) => Promise<string>) {
  const model = await startScriptedModel({
    respond: (turn) =>
      turn.kind === "chat" && turn.lastUser.includes("carry it out") && turn.toolResults.length === 0
        ? call("run_mission", {})
        : say("That is all."),
  });
  open.push(model);
  const bench = await openCode({ model, plugin: SCRIPTED_MISSION });
  open.push(bench);
  await writeFile(join(bench.home.configDir, "tui.json"), JSON.stringify({ plugin: [await listed(bench)] }));
  const tell = (tasks: readonly Task[], ended = false) =>
    writeFile(join(bench.project.dir, "mission.json"), JSON.stringify({ tasks, ended }));
  return { bench, tell };
}

describe.skipIf(unavailable !== undefined)(
  `the mission panel${unavailable ? ` (skipped: ${unavailable})` : ""}`,
  () => {
    test.each(Object.entries(LISTED))(
      "appears with the mission and follows it, listed %s",
      async (_, listed) => {
        const { bench, tell } = await mission(listed);
        await tell([
          task("api", "Serve the tokens over HTTP, signed with a key", "running"),
          task("docs", "Write it up", "pending", 0),
        ]);
        const tui = await bench.tui();
        await tui.waitForText("Ask anything");
        await tui.type("hello");
        await tui.press("Enter");
        expect(await tui.waitForText("That is all.")).not.toContain("Mission");

        await tui.type("carry it out");
        await tui.press("Enter");
        const begun = await tui.waitForText("Mission 0/2 accepted");
        expect(begun).toMatch(/● api Serve the to.*\.\.\..*a key/);
        expect(begun).toMatch(/○ docs Write it up$/m);

        await tell([
          task("api", "Serve the tokens over HTTP, signed with a key", "accepted"),
          task("docs", "Write it up", "reviewing", 2),
        ]);
        const halfway = await tui.waitForText("Mission 1/2 accepted");
        expect(halfway).toContain("✓ api");
        expect(halfway).toMatch(/◑ docs Write it up +×2/);
        expect(halfway.match(/Mission/g)).toHaveLength(1);

        await tell([task("api", "Serve", "accepted"), task("docs", "Write it up", "failed", 3)], true);
        expect(await tui.waitForText("Mission 1/2 accepted · 1 failed")).toMatch(/✗ docs Write it up +×3/);
      },
    );

    test("stays, and says so, when the mission is stopped with Esc", async () => {
      const { bench, tell } = await mission(LISTED["by its folder"]);
      await tell([task("api", "Serve the tokens", "running")]);
      const tui = await bench.tui();
      await tui.waitForText("Ask anything");
      await tui.type("carry it out");
      await tui.press("Enter");
      await tui.waitForText("Mission 0/1 accepted");
      await tui.press("Escape");
      await tui.waitForText("again to interrupt");
      await tui.press("Escape");
      expect(await tui.waitForText("Mission 0/1 accepted · stopped")).toContain("● api");
    });
  },
);
