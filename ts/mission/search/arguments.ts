/** Arguments of a host's tool as a model gave them, refused in the host's own words. */

/** The string under `key`. @throws Error when there is none. */
export function needed(tool: string, args: unknown, key: string): string {
  const value = given(args, key);
  if (value === undefined) throw invalid(tool, `Missing key\n  at ["${key}"]`);
  return text(tool, key, value, "string");
}

/** The string under `key`, or undefined where there is none. @throws Error when it is something else. */
export function optional(tool: string, args: unknown, key: string): string | undefined {
  const value = given(args, key);
  return value === undefined ? undefined : text(tool, key, value, "string | undefined");
}

function given(args: unknown, key: string): unknown {
  return typeof args === "object" && args !== null && key in args
    ? (args as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function text(tool: string, key: string, value: unknown, expected: string): string {
  if (typeof value === "string") return value;
  throw invalid(tool, `Expected ${expected}, got ${JSON.stringify(value)}\n  at ["${key}"]`);
}

function invalid(tool: string, problem: string): Error {
  return new Error(
    `The ${tool} tool was called with invalid arguments: SchemaError(${problem}).\n` +
      "Please rewrite the input so it satisfies the expected schema.",
  );
}
