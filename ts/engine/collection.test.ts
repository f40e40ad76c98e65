import { expect, test } from "vitest";
import { z } from "zod";
import { collection, type Reader } from "./collection.ts";

const task = z.object({ title: z.string(), steps: z.array(z.object({ done: z.boolean() })).default([]) });

/** A reader of these documents, in the order given. */
function reader(documents: Record<string, unknown>): Reader {
  const all = Object.entries(documents).map(([key, value]) => ({ key, version: 1, value: value as never }));
  return {
    get: (key) => all.find((document) => document.key === key),
    scan: (prefix) => all.filter((document) => document.key.startsWith(prefix)),
  };
}

test("what is read is typed, has its id, and what the schema adds", () => {
  const tasks = collection("task", task);
  const from = reader({ "task/1": { title: "One" }, "tasks/2": 1, "task/a/b": { title: "Two", steps: [] } });
  expect(tasks.get(from, "1")).toEqual({
    id: "1",
    key: "task/1",
    version: 1,
    value: { title: "One", steps: [] },
  });
  expect(tasks.get(from, "2")).toBeUndefined();
  const titles: string[] = tasks.scan(from).map(({ id, value }) => `${id}: ${value.title}`);
  expect(titles).toEqual(["1: One", "a/b: Two"]);
});

test("a stored document that is not as the schema wants it is an error with its key and the paths", () => {
  const from = reader({ "task/1": { title: "One", steps: [{ done: true }, { done: "yes" }] } });
  const refused = expect.objectContaining({
    code: "ERR_STORE_INVALID_DOCUMENT",
    message: expect.stringMatching(/^The stored document "task\/1" .*steps\[1\]\.done: /),
    details: { keys: ["task/1"], problems: [{ path: "steps[1].done", message: expect.any(String) }] },
  });
  expect(() => collection("task", task).get(from, "1")).toThrow(refused);
  expect(() => collection("task", task).scan(from)).toThrow(refused);
});

test("a schema with nothing but parse will do, and its issues or its message are kept", () => {
  const bare = { parse: (value: unknown) => task.parse(value) };
  expect(() => collection("task", bare).get(reader({ "task/1": {} }), "1")).toThrow(
    expect.objectContaining({
      details: expect.objectContaining({ problems: [expect.objectContaining({ path: "title" })] }),
    }),
  );
  const upset = {
    parse: (): number => {
      throw new Error("not today");
    },
  };
  expect(() => collection("n", upset).get(reader({ "n/1": 1 }), "1")).toThrow(
    expect.objectContaining({ message: expect.stringContaining("not today") }),
  );
});

test("a schema that checks asynchronously is refused, and so is a collection without a name", () => {
  const slow = collection(
    "n",
    z.number().refine(() => Promise.resolve(true)),
  );
  expect(() => slow.get(reader({ "n/1": 1 }), "1")).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_INPUT" }),
  );
  expect(() => collection("", task)).toThrow(expect.objectContaining({ code: "ERR_INVALID_INPUT" }));
});
