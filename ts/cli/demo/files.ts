/** What the demo's workers write: a small TypeScript module for durations such as `1h 30m`, with tests that run. */

export const TYPES = `/** Seconds in each unit, largest first. */
export const UNITS = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;

export type Unit = keyof typeof UNITS;

/** Thrown for text that is no duration. */
export class DurationError extends Error {
  override readonly name = "DurationError";
}
`;

export const PARSE = `import { DurationError, UNITS, type Unit } from "./types.js";

const PART = /(\\d+(?:\\.\\d+)?)\\s*([dhms])/gy;

/** Reads "1h 30m" as seconds. */
export function parse(text: string): number {
  const rest = text.trim();
  if (rest === "") throw new DurationError("an empty text is no duration");
  let seconds = 0;
  let at = 0;
  for (const [whole, count, unit] of rest.replaceAll(/\\s+(?=\\d)/g, "").matchAll(PART)) {
    seconds += Number(count) * UNITS[unit as Unit];
    at += whole.length;
  }
  if (at !== rest.replaceAll(/\\s+(?=\\d)/g, "").length) {
    throw new DurationError(\`"\${text}" is no duration: write it like 1h 30m\`);
  }
  return seconds;
}
`;

export const PARSE_TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../build/parse/parse.js";

test("adds up the parts", () => assert.equal(parse("1h 30m"), 5400));
test("reads fractions and days", () => assert.equal(parse("1.5d"), 129_600));
test("refuses what is no duration", () => {
  assert.throws(() => parse("soon"), /no duration/);
  assert.throws(() => parse("1h soon"), /no duration/);
  assert.throws(() => parse(" "), /empty/);
});
`;

/** The first try at \`format\`: it forgets that nothing at all is "0s". The test finds it. */
export const FORMAT_WITH_A_BUG = `import { UNITS } from "./types.js";

/** Writes seconds as "1h 30m". */
export function format(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [unit, length] of Object.entries(UNITS)) {
    const count = Math.floor(rest / length);
    if (count > 0) parts.push(\`\${count}\${unit}\`);
    rest -= count * length;
  }
  return parts.join(" ");
}
`;

export const BUG = `  return parts.join(" ");`;
export const MENDED = `  return parts.length === 0 ? "0s" : parts.join(" ");`;

export const FORMAT_TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { format } from "../build/format/format.js";

test("writes the largest unit first", () => assert.equal(format(5400), "1h 30m"));
test("leaves out what is zero", () => assert.equal(format(86_401), "1d 1s"));
test("writes nothing at all as 0s", () => assert.equal(format(0), "0s"));
`;

export const ROUND = `import { UNITS, type Unit } from "./types.js";

/** Rounds seconds to the nearest multiple of a unit. */
export function roundTo(seconds: number, unit: Unit): number {
  return Math.round(seconds / UNITS[unit]) * UNITS[unit];
}
`;

export const ROUND_TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { roundTo } from "../build/round/round.js";

test("rounds to the nearest", () => assert.equal(roundTo(5399, "h"), 3600));
test("rounds a half up", () => assert.equal(roundTo(5400, "h"), 7200));
test("keeps what fits", () => assert.equal(roundTo(120, "m"), 120));
`;

export const INDEX = `export { format } from "./format.js";
export { parse } from "./parse.js";
export { roundTo } from "./round.js";
export { DurationError, type Unit, UNITS } from "./types.js";
`;

export const INDEX_TEST = `import assert from "node:assert/strict";
import { test } from "node:test";
import { format, parse, roundTo } from "../build/all/index.js";

test("what is written can be read back", () => {
  for (const seconds of [1, 59, 60, 3_661, 90_061]) assert.equal(parse(format(seconds)), seconds);
});
test("the parts work together", () => assert.equal(format(roundTo(parse("1h 29m 50s"), "m")), "1h 30m"));
`;

export const README = `# durations

Reads and writes durations such as \`1h 30m\`.
`;

export const PACKAGE_JSON = `${JSON.stringify({ name: "durations", version: "1.0.0", private: true, type: "module" }, null, 2)}\n`;

export const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: { target: "es2022", module: "nodenext", strict: true, rootDir: "src", types: [] },
    include: ["src"],
  },
  null,
  2,
)}\n`;
