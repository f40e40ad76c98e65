import { expect, test } from "vitest";
import { outsideScope } from "../../ts/engine/index.ts";

test("the paths that a scope does not cover are named, in their order", () => {
  const paths = ["src/a.ts", "app/[id]/page.tsx", "docs/a.md", "README.md"];
  expect(outsideScope(["src", "app/[id]/*"], paths)).toEqual(["docs/a.md", "README.md"]);
  expect(outsideScope([], paths)).toEqual(paths);
  expect(outsideScope(["**"], paths)).toEqual([]);
});
