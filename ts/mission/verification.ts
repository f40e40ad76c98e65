/**
 * Verifies a task, or a whole mission, with real tools: the reported files exist, the changed files parse, language
 * servers find no new errors in them, the commands pass. It stops at the first step that fails and keeps what it saw, so that a worker can mend it.
 */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkSyntaxJob, type Diagnostics, EngineError, type SyntaxReport } from "../engine/index.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { committed, type Place } from "./git.ts";
import { newErrors } from "./new-errors.ts";

/** What is to be verified. Paths are relative to the place's folder. */
export interface Verification {
  readonly place: Place;
  /** All files that were changed, as far as is known. */
  readonly changed: readonly string[];
  /** The files that the worker says it changed. */
  readonly reported: readonly string[];
  readonly commands: readonly string[];
  /** The language servers of the place's folder. */
  readonly diagnostics: Pick<Diagnostics, "check" | "covers">;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The outcome, with a report for people and models. */
export interface Verdict {
  readonly passed: boolean;
  readonly report: string;
  /** What the step that failed said. */
  readonly failure?: string;
}

type Step = (verification: Verification) => Promise<Verdict>;

const STEPS: readonly Step[] = [claims, syntax, newErrors, commands];

/** Runs the steps in order; the first that fails ends it. */
export async function verify(verification: Verification): Promise<Verdict> {
  const reports: string[] = [];
  for (const step of STEPS) {
    const { passed, report, failure = report } = await step(verification);
    if (report !== "") reports.push(report);
    if (!passed) return { passed: false, report: reports.join("\n"), failure };
  }
  return {
    passed: true,
    report: reports.length > 0 ? reports.join("\n") : "not checked: no changed files and no commands",
  };
}

/** A file that was reported but is neither there nor was there before is a claim without a deed. */
async function claims({ place, reported }: Verification): Promise<Verdict> {
  const missing: string[] = [];
  for (const path of reported) {
    const exists = await access(join(place.directory, path)).then(
      () => true,
      () => false,
    );
    if (!exists && (await committed(place, path)) === undefined) missing.push(path);
  }
  if (missing.length === 0) return { passed: true, report: "" };
  return { passed: false, report: `FAILED files: reported as changed, but not there: ${missing.join(", ")}` };
}

async function syntax({ place, changed, signal }: Verification): Promise<Verdict> {
  const findings: string[] = [];
  const skipped: string[] = [];
  let checked = 0;
  for (const path of changed) {
    const source = await readFile(join(place.directory, path)).catch(() => undefined);
    if (source === undefined) continue;
    const report = await parse(path, source, await committed(place, path), signal);
    if (report === null) continue;
    if (report instanceof EngineError) {
      skipped.push(`not checked syntax: ${path}: ${report.message}`);
      continue;
    }
    checked += 1;
    findings.push(...report.errors.map((error) => describeSyntax(path, error)));
  }
  if (findings.length > 0) return { passed: false, report: `FAILED syntax:\n${findings.join("\n")}` };
  const ok = checked === 0 ? [] : [`ok syntax: ${checked} file${checked === 1 ? "" : "s"}`];
  return { passed: true, report: [...ok, ...skipped].join("\n") };
}

/** The report; `null` for a language that is not ours, an error for a file that is no text or too large to parse. */
async function parse(
  path: string,
  source: Buffer,
  before: Buffer | undefined,
  signal: AbortSignal,
): Promise<SyntaxReport | EngineError | null> {
  try {
    return await checkSyntaxJob(path, source, { before, signal });
  } catch (error) {
    if (EngineError.is(error) && error.code.startsWith("ERR_SYNTAX_")) return error;
    throw error;
  }
}

function describeSyntax(path: string, error: SyntaxReport["errors"][number]): string {
  return `${path}:${error.line}:${error.column}: ${error.message}: ${error.excerpt}`;
}

async function commands({ place, commands, timeoutMs, signal }: Verification): Promise<Verdict> {
  const reports: string[] = [];
  for (const command of commands) {
    const result = await runCommand(command, { cwd: place.directory, timeoutMs, signal });
    const passed = result.ended === "exited" && result.code === 0;
    const report = describeCommand(result, passed);
    reports.push(report);
    if (!passed) return { passed: false, report: reports.join("\n"), failure: report };
  }
  return { passed: true, report: reports.join("\n") };
}

const KILLED: Readonly<Record<Exclude<CommandResult["ended"], "exited">, string>> = {
  timed_out: "killed: it ran longer than verifyTimeoutMs",
  cancelled: "killed: the mission was stopped",
  not_started: "it could not be started",
};

function describeCommand(
  { command, code, signal, ended, output, durationMs }: CommandResult,
  passed: boolean,
): string {
  const exit = signal === null ? `exit ${code}` : `killed by ${signal}`;
  const how = ended === "exited" ? exit : KILLED[ended];
  const head = `${passed ? "ok" : "FAILED"} $ ${command} (${how}, ${(durationMs / 1000).toFixed(1)} s)`;
  return output === "" ? head : `${head}\n${output}`;
}
