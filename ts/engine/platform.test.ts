import { expect, test } from "vitest";
import { currentPlatform, platformFacts, platformPackage, platformTag } from "./platform.ts";

test("platforms are named as their packages are", () => {
  for (const [platform, name] of [
    [{ os: "linux", arch: "x64", abi: "gnu" }, "opencode-orchestrator-linux-x64-gnu"],
    [{ os: "linux", arch: "arm64", abi: "musl" }, "opencode-orchestrator-linux-arm64-musl"],
    [{ os: "darwin", arch: "arm64", abi: undefined }, "opencode-orchestrator-darwin-arm64"],
    [{ os: "win32", arch: "x64", abi: "msvc" }, "opencode-orchestrator-win32-x64-msvc"],
  ] as const) {
    expect(platformPackage(platform)).toBe(name);
    expect(name.endsWith(platformTag(platform))).toBe(true);
  }
});

test("this process knows its platform, and says on which runtime it runs", () => {
  const platform = currentPlatform();
  expect(platform.os).toBe(process.platform);
  expect(platform.abi !== undefined).toBe(["linux", "win32"].includes(process.platform));
  expect(platformFacts()).toMatch(/^[a-z0-9-]+, (Node|Bun) \d+\.\d+/);
});
