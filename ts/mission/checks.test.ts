import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Checks } from "./checks.ts";
import { shared } from "./isolation.ts";
import { LanguageServers } from "./language-servers.ts";

it("checks that are asked for anew tell of the second run alone: a run that was called off has not failed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "checks-"));
  const checks = new Checks(shared(folder), new LanguageServers(folder), {
    verifyTimeoutMs: 60_000,
    scope: "enforce",
  });
  const verify = (...commands: string[]) =>
    checks.run(
      { type: "verify", attempt: 1, commands, files: [], reviewFollows: false },
      { task: undefined, written: [] },
    );
  const first = verify("sleep 60");
  const second = verify("echo again");
  expect(await second).toMatchObject({ type: "verified", passed: true });
  expect(await first).toBeUndefined();
});
