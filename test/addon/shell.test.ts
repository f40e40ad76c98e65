import { expect, test } from "vitest";
import { shellEffects } from "../../ts/engine/index.ts";

test("a shell command's effects are read from its text", () => {
  expect(shellEffects("cd src && rm a.ts; git stash; make")).toEqual({
    writes: ["src/a.ts"],
    destructive: ["git stash"],
    opaque: true,
  });
  expect(shellEffects("")).toEqual({ writes: [], destructive: [], opaque: false });
});
