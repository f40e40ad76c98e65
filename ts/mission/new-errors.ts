/**
 * The step of a verification that asks language servers: errors that the changed files have now and did not have in the
 * last commit. What could not be checked is told of, with the reason.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckedFile, Diagnostic, FileDiagnostics } from "../engine/index.ts";
import { committed, hasBase } from "./git.ts";
import type { Verdict, Verification } from "./verification.ts";

/** Most errors that are listed: the first ones are what the others follow from. */
const MOST_LISTED = 50;

type Subject = Pick<Verification, "place" | "changed" | "diagnostics" | "signal">;

/** Fails where a change introduced errors. Without a commit nobody can tell which are new: then it passes, and lists them. */
export async function newErrors({ place, changed, diagnostics, signal }: Subject): Promise<Verdict> {
  const files: CheckedFile[] = [];
  const there = new Set<string>();
  for (const path of changed.filter((path) => diagnostics.covers(path))) {
    const before = (await committed(place, path))?.toString("utf8");
    const exists = await readFile(join(place.directory, path)).catch(() => undefined);
    if (exists !== undefined) there.add(path);
    // One that was deleted is no more to be checked, but belongs to how things were.
    if (exists !== undefined || before !== undefined) files.push({ path, before });
  }
  if (there.size === 0) return { passed: true, report: "" };
  const reports = (await diagnostics.check(files, { signal })).filter(({ path }) => there.has(path));
  const skipped = notChecked(reports);
  const errors = reports.flatMap((report) =>
    report.status === "checked"
      ? report.diagnostics.filter(isNewError).map((one) => listed(report.path, one))
      : [],
  );
  if (errors.length === 0) return { passed: true, report: [...checked(reports), ...skipped].join("\n") };
  const more = errors.length > MOST_LISTED ? [`… and ${errors.length - MOST_LISTED} more`] : [];
  const lines = [...errors.slice(0, MOST_LISTED), ...more, ...skipped].join("\n");
  if (await hasBase(place)) return { passed: false, report: `FAILED diagnostics, new errors:\n${lines}` };
  return {
    passed: true,
    report: `not checked diagnostics: without a commit nobody can tell which of these errors are new:\n${lines}`,
  };
}

/** `path:line:column: error code: message: excerpt` */
export function listed(path: string, { line, column, severity, code, message, excerpt }: Diagnostic): string {
  const what = code === undefined ? severity : `${severity} ${code}`;
  return `${path}:${line}:${column}: ${what}: ${message}: ${excerpt}`;
}

function isNewError({ severity, introduced }: Diagnostic): boolean {
  return severity === "error" && introduced;
}

function checked(reports: readonly FileDiagnostics[]): string[] {
  const done = reports.filter((report) => report.status === "checked");
  if (done.length === 0) return [];
  const servers = [...new Set(done.map(({ server }) => server))].join(", ");
  const old = done
    .flatMap((report) => report.diagnostics)
    .filter(({ severity }) => severity === "error").length;
  const besides = old === 0 ? "" : `; ${old} error${old === 1 ? " was" : "s were"} there before`;
  return [`ok diagnostics: ${done.length} file${done.length === 1 ? "" : "s"} (${servers})${besides}`];
}

/** One line a reason, with the files that share it. */
function notChecked(reports: readonly FileDiagnostics[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const report of reports) {
    if (report.status === "checked") continue;
    byReason.set(report.reason, [...(byReason.get(report.reason) ?? []), report.path]);
  }
  return [...byReason].map(([reason, paths]) => `not checked diagnostics: ${paths.join(", ")}: ${reason}`);
}
