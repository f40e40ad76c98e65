import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { bySession, chats, texts } from "./wire.ts";

const BIN = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
const PATH = `${BIN}${delimiter}${process.env["PATH"]}`;

const PLAN: Plan = { goal: "Typed", tasks: [task("typed", { files: ["typed.ts"], verify: [] })] };
const TSCONFIG =
  '{ "compilerOptions": { "strict": true, "noEmit": true, "skipLibCheck": true, "types": [] } }\n';
const OLD = 'export const old: number = "no number";\n';

const write = (line: string) => call("write", { filePath: "typed.ts", content: `${line}\n${OLD}` });
const look = call("lsp_diagnostics", { files: ["typed.ts", "tsconfig.json", "../other.ts"] });

/** Sees the error, claims that all is well, is refused, and mends it. */
const worker = turns([
  call("read", { filePath: "typed.ts" }),
  write("export const n: number = true;"),
  look,
  report("All is well.", ["typed.ts"]),
  say("Done."),
  call("read", { filePath: "typed.ts" }),
  write("export const n: number = 1;"),
  look,
  report("Mended.", ["typed.ts"]),
  say("Done."),
]);

test("a type error that a worker brought in keeps its task from being accepted; one that was there does not", async () => {
  const files = { "tsconfig.json": TSCONFIG, "typed.ts": OLD };
  await using bench = await missionBench(cast(commanding(PLAN), worker), { files, env: { PATH } });
  const { code, stderr } = await bench.run("type it", { command: "task" });
  expect(code, stderr).toBe(0);

  const [requests, ...others] = [...bySession(chats(bench.model, "worker")).values()];
  expect(others).toEqual([]);
  const answers = texts(requests?.at(-1), "tool").filter((text) => text.includes("typed.ts:"));
  const error =
    "typed.ts:1:14: error 2322: Type 'boolean' is not assignable to type 'number'.: export const n: number = true;";
  const old =
    "typed.ts:2:14: error 2322: Type 'string' is not assignable to type 'number'.: export const old: number = \"no number\"; (was there before)";
  const rest =
    "tsconfig.json: not checked: no language server is known for this kind of file\n../other.ts: not checked: it is outside of the project";
  expect(answers).toEqual([`${error}\n${old}\n${rest}`, `${old}\n${rest}`]);

  const told = texts(requests?.at(-1), "user").join("\n");
  expect(told).toContain(`FAILED diagnostics, new errors:\n${error}`);
  expect(told).not.toContain("no number");
  const { view, tasks } = storedMission(bench.project.dir);
  expect(view.outcome).toBe("accepted");
  expect(tasks["typed"]).toMatchObject({ state: "accepted", attempt: 2 });
  expect(tasks["typed"]?.verification?.report).toMatch(
    /ok diagnostics: 1 file \(typescript-language-server\); 1 error was there before/,
  );
  await expect.poll(() => bench.processes()).toEqual([]);
});
