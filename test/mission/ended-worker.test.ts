import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { say, scenario, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { tuiUnavailable } from "../opencode/index.ts";

const BUSY = fileURLToPath(new URL("./fixtures/busy-plugin.mjs", import.meta.url));

/** `ROUNDS=20` is the full measure; a few show that it is done at all. */
const ROUNDS = Number(process.env["ROUNDS"] ?? 3);

/** OpenCode's terminal UI has plugins in a worker, and ends it when it ends. */
describe.skipIf(tuiUnavailable() !== undefined)(
  "a plugin's worker that is ended in the middle of jobs",
  () => {
    let folder: string;

    /** OpenCode behind a script that keeps its exit code. */
    beforeAll(async () => {
      const { OPENCODE } = await import("../opencode/home.ts");
      folder = await mkdtemp(join(tmpdir(), "opencode-kept-"));
      const program = join(folder, "opencode");
      await writeFile(program, `#!/bin/sh\n"${OPENCODE}" "$@"\necho $? > "$HOME/exit-code"\n`);
      await chmod(program, 0o755);
      process.env["OPENCODE_BIN"] = program;
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    test(`leaves OpenCode well, ${ROUNDS} of ${ROUNDS} times`, { timeout: ROUNDS * 150_000 }, async () => {
      const { vi } = await import("vitest");
      vi.resetModules();
      const { openCode } = await import("../opencode/index.ts");
      await using model = await startScriptedModel({ scenario: scenario().otherwise(say("Hello.")) });
      await using bench = await openCode({ model, plugin: BUSY });
      const kept = (name: string) =>
        readFile(join(bench.home.env["HOME"] ?? "", name), "utf8").catch(() => "");
      const codes: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        await rm(join(bench.home.env["HOME"] ?? "", "busy.json"), { force: true });
        await rm(join(bench.home.env["HOME"] ?? "", "exit-code"), { force: true });
        const tui = await bench.tui();
        await tui.waitForText("Ask anything", 120_000);
        await expect.poll(() => kept("busy.json"), { timeout: 60_000 }).toMatch(/"running":[1-9]/);
        expect(JSON.parse(await kept("busy.json"))).toMatchObject({ isMainThread: false });
        await tui.press("C-c");
        await expect.poll(() => kept("exit-code"), { timeout: 30_000 }).not.toBe("");
        codes.push((await kept("exit-code")).trim());
        await tui.stop();
      }
      expect(codes).toEqual(Array(ROUNDS).fill("0"));
    });
  },
);
