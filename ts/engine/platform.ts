import { readFileSync } from "node:fs";

/** What decides which binary fits: as `@napi-rs/cli` names its platform packages. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
  /** Of the binary's format: `gnu` or `musl` on Linux, `msvc` on Windows, none elsewhere. */
  readonly abi: "gnu" | "musl" | "msvc" | undefined;
}

/** The platform that this process runs on. */
export function currentPlatform(): Platform {
  const { platform: os, arch } = process;
  if (os === "linux") return { os, arch, abi: linuxLibc() };
  return { os, arch, abi: os === "win32" ? "msvc" : undefined };
}

/** `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`, … */
export function platformTag({ os, arch, abi }: Platform = currentPlatform()): string {
  return abi === undefined ? `${os}-${arch}` : `${os}-${arch}-${abi}`;
}

/** The npm package that carries the addon for a platform. */
export function platformPackage(platform: Platform = currentPlatform()): string {
  return `opencode-orchestrator-${platformTag(platform)}`;
}

/** The platform and runtime in words, for messages. */
export function platformFacts(platform: Platform = currentPlatform()): string {
  const runtime =
    process.versions["bun"] === undefined
      ? `Node ${process.versions.node}`
      : `Bun ${process.versions["bun"]}`;
  const glibc = platform.abi === "gnu" ? glibcVersion() : undefined;
  return `${platformTag(platform)}, ${runtime}${glibc === undefined ? "" : `, glibc ${glibc}`}`;
}

/** Reading the script `ldd` takes microseconds, a process report milliseconds: so in this order. */
function linuxLibc(): "gnu" | "musl" {
  const ldd = readIfThere("/usr/bin/ldd");
  if (ldd?.includes("musl")) return "musl";
  if (ldd?.includes("GLIBC")) return "gnu";
  return glibcVersion() === undefined ? "musl" : "gnu";
}

function glibcVersion(): string | undefined {
  const report: unknown = process.report?.getReport();
  if (typeof report !== "object" || report === null || !("header" in report)) return undefined;
  const { header } = report;
  if (typeof header !== "object" || header === null || !("glibcVersionRuntime" in header)) return undefined;
  return typeof header.glibcVersionRuntime === "string" ? header.glibcVersionRuntime : undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Minimal images have no ldd, and then there is nothing to learn from it.
    return undefined;
  }
}
