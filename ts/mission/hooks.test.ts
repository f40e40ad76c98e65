import { describe, expect, it } from "vitest";
import { type Hook, HookOrderError, Hooks } from "./hooks.ts";

type Ran = string[];

const hook = (name: string, rest: Partial<Hook<Ran>> = {}): Hook<Ran> => ({
  name,
  run: (ran) => void ran.push(name),
  ...rest,
});
const failing = (name: string, rest: Partial<Hook<Ran>> = {}): Hook<Ran> =>
  hook(name, {
    run: () => {
      throw new Error(`${name} failed`);
    },
    ...rest,
  });

/** Which hooks ran, and which were told to have failed. */
async function play(hooks: readonly Hook<Ran>[]) {
  const failed: string[] = [];
  const ran: Ran = [];
  await new Hooks(hooks, (name) => failed.push(name)).run(ran);
  return { ran, failed };
}

describe("hooks", () => {
  it("run by phase, and within one as they were given", async () => {
    const { ran } = await play([
      hook("c", { phase: "late" }),
      hook("b"),
      hook("b2"),
      hook("a", { phase: "early" }),
    ]);
    expect(ran).toEqual(["a", "b", "b2", "c"]);
  });

  it("run after what they name, and before what they name", async () => {
    const { ran } = await play([hook("a", { after: ["c"] }), hook("b"), hook("c", { before: ["b"] })]);
    expect(ran).toEqual(["c", "a", "b"]);
  });

  it("wait for one another", async () => {
    const slow = hook("slow", {
      run: async (ran) => {
        await new Promise((resolve) => setImmediate(resolve));
        ran.push("slow");
      },
    });
    expect((await play([slow, hook("next")])).ran).toEqual(["slow", "next"]);
  });

  it("that wait for each other are refused, the circle named", () => {
    const hooks = [
      hook("a", { after: ["b"] }),
      hook("b", { after: ["c"] }),
      hook("c", { after: ["a"] }),
      hook("d"),
    ];
    expect(() => new Hooks(hooks, () => undefined)).toThrow(HookOrderError);
    expect(() => new Hooks(hooks, () => undefined)).toThrow("hooks wait for each other: a → b → c → a");
  });

  it.each([
    ["an unknown name", [hook("a", { after: ["x"] })], 'hook "a" names "x", and there is none'],
    [
      "a name of another phase",
      [hook("a", { after: ["b"] }), hook("b", { phase: "late" })],
      'hook "a" is normal and names "b", which is late',
    ],
    ["two of one name", [hook("a"), hook("a")], 'two hooks are called "a"'],
  ])("are refused for %s", (_, hooks, message) => {
    expect(() => new Hooks(hooks, () => undefined)).toThrow(message);
  });

  it("that throw are told of and passed over", async () => {
    expect(await play([failing("a"), hook("b")])).toEqual({ ran: ["b"], failed: ["a"] });
  });

  it("that are guards refuse by throwing, and nothing after them runs", async () => {
    const ran: Ran = [];
    const hooks = new Hooks([failing("guard", { guard: true, phase: "early" }), hook("b")], () => undefined);
    await expect(hooks.run(ran)).rejects.toThrow("guard failed");
    expect(ran).toEqual([]);
  });
});
