import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult, texts } from "./wire.ts";

const PLAN: Plan = {
  goal: "No more var",
  tasks: [task("modern", { files: ["src/**"], verify: ["grep -q 'let a = 1' src/a.ts"] })],
};

const VAR = { pattern: "var $A = $B", lang: "ts" };

async function withSources(dir: string): Promise<void> {
  await mkdir(join(dir, "src"));
  await writeFile(join(dir, "src/a.ts"), "var a = 1;\nexport class A {\n  m() {}\n}\n");
  await writeFile(join(dir, "outside.ts"), "var b = 2;\n");
}

test("a worker finds, outlines and rewrites code by its syntax, and only within its task's files", async () => {
  const worker = turns([
    call("ast_search", VAR),
    call("outline", { files: ["src/a.ts", "src/none.ts", "../x.ts"] }),
    call("ast_replace", { ...VAR, rewrite: "let $A = $B", dry_run: true }),
    call("ast_replace", { ...VAR, rewrite: "let $A = $B" }),
    call("ast_search", { ...VAR, lang: "typscript" }),
    report("Done", []),
    say("Done."),
  ]);
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  await withSources(bench.project.dir);
  const { code, stderr } = await bench.run("modernise", { command: "task" });
  expect(code, stderr).toBe(0);

  const [found, outlined, shown, replaced, refused] = texts(chats(bench.model, "worker").at(-1), "tool");
  expect(found).toBe("Found 2 matches\noutside.ts:\n  Line 1: var b = 2;\n\nsrc/a.ts:\n  Line 1: var a = 1;");
  expect(outlined).toContain("src/a.ts (4 lines)\n  1 ");
  expect(outlined).toContain("  2-4 export class A\n    3 method m");
  expect(outlined).toContain("src/none.ts: there is no src/none.ts in this project");
  expect(outlined).toContain("../x.ts: there is no ../x.ts in this project");
  expect(shown).toContain("-var a = 1;\n+let a = 1;");
  expect(shown).toContain("-var b = 2;\n+let b = 2;");
  expect(replaced).toContain("src/a.ts: 1 replaced");
  expect(replaced).toContain("outside.ts is outside the files of this task (src/**)");
  expect(refused).toContain("did you mean `typescript`?");

  const read = (path: string) => readFile(join(bench.project.dir, path), "utf8");
  expect(await read("src/a.ts")).toMatch(/^let a = 1;\n/);
  expect(await read("outside.ts")).toBe("var b = 2;\n");
  expect(storedMission(bench.project.dir).view.outcome).toBe("accepted");
});

test("the commander searches too, and a rewrite asks the user's rules for edits", async () => {
  const worker = turns([
    call("ast_replace", { ...VAR, rewrite: "let $A = $B", path: "src/a.ts" }),
    report("Could not", []),
    say("Done."),
  ]);
  const commander = turns([call("ast_search", VAR)], { rest: say("Seen.") });
  {
    await using bench = await missionBench(cast(commander));
    await withSources(bench.project.dir);
    const { code, stderr } = await bench.run("look", { command: "task" });
    expect(code, stderr).toBe(0);
    expect(lastResult(chats(bench.model, "commander").at(-1))).toContain("Found 2 matches");
  }
  await using bench = await missionBench(cast(commanding(PLAN), worker), {
    config: { permission: { edit: "deny" } },
  });
  await withSources(bench.project.dir);
  await bench.run("modernise", { command: "task" });
  const [refused] = texts(chats(bench.model, "worker").at(-1), "tool");
  expect(refused).toMatch(/rule.*prevents|permission/i);
  const read = (path: string) => readFile(join(bench.project.dir, path), "utf8");
  expect(await read("src/a.ts")).toMatch(/^var a = 1;\n/);
});
