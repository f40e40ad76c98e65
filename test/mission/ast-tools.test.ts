import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult, texts } from "./wire.ts";

const PLAN: Plan = {
  goal: "No more puts",
  tasks: [task("modern", { files: ["src/**"], verify: ["grep -q 'warn 1' src/a.rb"] })],
};

/** In a language that no server is looked for: what is on this machine's PATH makes no difference. */
const PUTS = { pattern: "puts $A", lang: "ruby" };
const WARN = { ...PUTS, rewrite: "warn $A" };

async function withSources(dir: string): Promise<void> {
  await mkdir(join(dir, "src"));
  await writeFile(join(dir, "src/a.rb"), "puts 1\nclass A\n  def m; end\nend\n");
  await writeFile(join(dir, "outside.rb"), "puts 2\n");
}

test("a worker finds, outlines and rewrites code by its syntax, and only within its task's files", async () => {
  const worker = turns([
    call("ast_search", PUTS),
    call("outline", { files: ["src/a.rb", "src/none.rb", "../x.rb"] }),
    call("ast_replace", { ...WARN, dry_run: true }),
    call("ast_replace", WARN),
    call("ast_search", { ...PUTS, lang: "rubby" }),
    report("Done", []),
    say("Done."),
  ]);
  await using bench = await missionBench(cast(commanding(PLAN), worker));
  await withSources(bench.project.dir);
  const { code, stderr } = await bench.run("modernise", { command: "task" });
  expect(code, stderr).toBe(0);

  const [found, outlined, shown, replaced, refused] = texts(chats(bench.model, "worker").at(-1), "tool");
  expect(found).toBe("Found 2 matches\noutside.rb:\n  Line 1: puts 2\n\nsrc/a.rb:\n  Line 1: puts 1");
  expect(outlined).toContain("src/a.rb (4 lines)\n");
  expect(outlined).toContain("  2-4 class A\n    3 method m");
  expect(outlined).toContain("src/none.rb: there is no src/none.rb in this project");
  expect(outlined).toContain("../x.rb: there is no ../x.rb in this project");
  expect(shown).toContain("-puts 1\n+warn 1");
  expect(shown).toContain("-puts 2\n+warn 2");
  expect(replaced).toContain("src/a.rb: 1 replaced");
  expect(replaced).toContain("outside.rb is outside the files of this task (src/**)");
  expect(refused).toContain("did you mean `ruby`?");

  const read = (path: string) => readFile(join(bench.project.dir, path), "utf8");
  expect(await read("src/a.rb")).toMatch(/^warn 1\n/);
  expect(await read("outside.rb")).toBe("puts 2\n");
  expect(storedMission(bench.project.dir).view.outcome).toBe("accepted");
});

test("the commander searches too, and a rewrite asks the user's rules for edits", async () => {
  const worker = turns([
    call("ast_replace", { ...WARN, path: "src/a.rb" }),
    report("Could not", []),
    say("Done."),
  ]);
  const commander = turns([call("ast_search", PUTS)], { rest: say("Seen.") });
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
  expect(await read("src/a.rb")).toMatch(/^puts 1\n/);
});
