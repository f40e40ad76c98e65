import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { Diagnostics } from "../../ts/engine/index.ts";
import { folderWith, put } from "../../ts/mission/folder.fixture.ts";

const BIN = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
const environment = { ...process.env, PATH: `${BIN}${delimiter}${process.env["PATH"]}` };

async function project(files: Readonly<Record<string, string>>) {
  const directory = await folderWith(files);
  const diagnostics = new Diagnostics({ directory, environment });
  onTestFinished(() => diagnostics[Symbol.asyncDispose]());
  return { directory, diagnostics };
}

const TSCONFIG = '{ "compilerOptions": { "strict": true, "noEmit": true, "module": "nodenext" } }';

test("typescript-language-server: errors at their place, those of a file that another changes, and old ones as old", async () => {
  const user = 'import { n } from "./number.js";\nexport const text: string = n;\n';
  const { directory, diagnostics } = await project({
    "tsconfig.json": TSCONFIG,
    "number.ts": 'export const n = "a text";\n',
    "user.ts": user,
    "wide.ts": 'const s = "😀"; const n: number = "";\nexport { n, s };\n',
    "broken.ts": "export const x = ;\n",
  });
  const first = await diagnostics.check(["user.ts", "wide.ts", "broken.ts"]);
  expect(first).toMatchObject([
    { status: "checked", server: "typescript-language-server", diagnostics: [] },
    { status: "checked", diagnostics: [{ line: 1, column: 22, severity: "error", code: "2322" }] },
    { status: "checked", diagnostics: [{ line: 1, code: "1109" }] },
  ]);

  await put(directory, { "number.ts": "export const n = 5;\n" });
  const broken = [{ line: 2, column: 14, code: "2322", excerpt: "export const text: string = n;" }];
  expect(await diagnostics.check(["user.ts"])).toMatchObject([{ status: "checked", diagnostics: broken }]);

  const changed = { path: "user.ts", text: `${user}export const n2: number = "two";\n`, before: `\n${user}` };
  expect(await diagnostics.check([changed])).toMatchObject([
    {
      status: "checked",
      diagnostics: [
        { line: 2, introduced: false },
        { line: 3, introduced: true },
      ],
    },
  ]);
});

test("typescript-language-server: an error is new where the change of another file of the same change brought it in", async () => {
  const user = 'import { n } from "./number.js";\nexport const text: string = n;\n';
  const { diagnostics } = await project({
    "tsconfig.json": TSCONFIG,
    "number.ts": "export const n = 5;\n",
    "user.ts": user,
  });
  const reports = await diagnostics.check([
    { path: "number.ts", before: 'export const n = "a text";\n' },
    { path: "user.ts", before: user },
  ]);
  expect(reports).toMatchObject([{ diagnostics: [] }, { diagnostics: [{ line: 2, introduced: true }] }]);
});

test("pyright: errors at their place, and those of a file that another changes", async () => {
  const { directory, diagnostics } = await project({
    "number.py": "def number() -> int:\n    return 5\n",
    "user.py": "from number import number\n\nx: int = number()\n",
  });
  expect(await diagnostics.check(["user.py"])).toMatchObject([
    { status: "checked", server: "pyright", diagnostics: [] },
  ]);
  await put(directory, { "number.py": 'def number() -> str:\n    return "5"\n' });
  expect(await diagnostics.check(["user.py"])).toMatchObject([
    { status: "checked", diagnostics: [{ line: 3, column: 10, code: "reportAssignmentType" }] },
  ]);
});
