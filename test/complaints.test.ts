import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";

/** What users of such systems complain of: a row each in this page, with the tests that show that ours does not do it. */
const PAGE = join(import.meta.dirname, "../docs/reliability.md");
const COMPLAINTS = 18;

const rows = readFileSync(PAGE, "utf8")
  .split("## What users of such systems complain of")[1]
  ?.matchAll(/^\| (?<number>\d+) \| (?<complaint>[^|]+) \|.*\| (?<shown>[^|]+) \|$/gm);

/** Tests of complaint N have `(complaint N)` in their title. */
function named(number: string, path: string): boolean {
  return readFileSync(join(dirname(PAGE), path), "utf8").includes(`(complaint ${number})`);
}

describe("each complaint of users", () => {
  const all = [...(rows ?? [])].flatMap(({ groups }) => (groups ? [groups] : []));

  test("has its row", () => {
    expect(all.map(({ number }) => Number(number))).toEqual(
      Array.from({ length: COMPLAINTS }, (_, index) => index + 1),
    );
  });

  test.each(all)("$number has a test that is named after it: $complaint", ({ number = "", shown = "" }) => {
    const tests = [...shown.matchAll(/\]\((?<path>[^)]+\.test\.ts)\)/g)].map(
      ({ groups }) => groups?.["path"] ?? "",
    );
    expect(
      tests.filter((path) => named(number, path)),
      shown,
    ).not.toEqual([]);
  });
});
