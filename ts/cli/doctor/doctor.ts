/** `orchestrator doctor`: looks whether OpenCode really has the plugin, and whether a mission can work here. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { styleText } from "node:util";
import { COMMON, commandLine, misused } from "../command-line.ts";
import { CliError, ExitCode } from "../exit.ts";
import { thisSystem } from "../install/config-files.ts";
import { ownPackage } from "../install/entry.ts";
import { findUsersOpenCode } from "../opencode.ts";
import { type Check, failed, notChecked, type Verdict } from "./check.ts";
import { askOpenCode } from "./loaded.ts";
import { type Configured, configured, pluginChecks, versionCheck } from "./opencode.ts";
import { projectChecks } from "./project.ts";

const USAGE = `Usage: orchestrator doctor [options]

Starts your OpenCode in a project, without a network, asks it what it has loaded, and ends it. Looks at the configuration,
the native engine, the settings and the store besides. Changes nothing.

Options:
  --dir <folder>      the project; the current folder unless told
  --opencode <file>   the OpenCode to ask; the one on PATH unless told
  --timeout <seconds> how long OpenCode may take (default: 60)
  --json              print one JSON object, and nothing else
  --help              show this

Exit codes: 0 nothing failed, 1 something did, 2 usage, 3 environment`;

const LOOKS: Readonly<
  Record<Verdict, { readonly mark: string; readonly style: "green" | "yellow" | "red" | "gray" }>
> = {
  ok: { mark: "✔", style: "green" },
  warning: { mark: "!", style: "yellow" },
  failed: { mark: "✘", style: "red" },
  "not checked": { mark: "-", style: "gray" },
};

/** Runs the command. @throws CliError */
export async function doctor(args: readonly string[]): Promise<number> {
  const options = parsed(args);
  if (options.help === true) {
    console.log(USAGE);
    return ExitCode.Done;
  }
  const project = resolve(options.dir ?? ".");
  if (!existsSync(project)) throw new CliError(ExitCode.Environment, `there is no folder ${project}`);
  const said = configured(project, thisSystem());
  const checks = [
    ...(await openCodeChecks(project, said, options.opencode, seconds(options.timeout) * 1000)),
    ...(await projectChecks(project, said.entries.at(-1)?.options)),
  ];
  const healthy = checks.every(({ verdict }) => verdict !== "failed");
  if (options.json === true) console.log(JSON.stringify({ healthy, project, checks }));
  else for (const check of checks) console.log(shown(check, process.stdout.isTTY === true));
  return healthy ? ExitCode.Done : ExitCode.Failed;
}

async function openCodeChecks(
  project: string,
  { checks, entries }: Configured,
  named: string | undefined,
  longestMs: number,
): Promise<readonly Check[]> {
  const system = thisSystem();
  const unseen = ["plugin", "/task", "tools and agents", "native engine"].map((name) =>
    notChecked(name, "OpenCode could not be asked"),
  );
  let program: string;
  try {
    program = findUsersOpenCode(named);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [failed("OpenCode", error.message, "name it with --opencode"), ...checks, ...unseen];
  }
  try {
    const loaded = await askOpenCode(program, project, longestMs);
    const plugin = pluginChecks({ loaded, entries, own: ownPackage(system), system });
    return [versionCheck(loaded.version, program), ...checks, ...plugin];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const found = `${program} could not be asked: ${error.message}`;
    return [
      failed("OpenCode", found, `see whether "${program} debug config" works here`),
      ...checks,
      ...unseen,
    ];
  }
}

function shown({ name, verdict, found, fix }: Check, colour: boolean): string {
  const { mark, style } = LOOKS[verdict];
  const head = `${mark} ${name.padEnd(18)} ${verdict === "ok" ? "" : `${verdict}: `}${found}`;
  const line = colour ? styleText(style, head) : head;
  return fix === undefined ? line : `${line}\n  ${" ".repeat(18)} → ${fix}`;
}

function seconds(given: string | undefined): number {
  const value = Number(given ?? 60);
  if (Number.isFinite(value) && value > 0) return value;
  throw misused(`--timeout takes seconds, not "${given}"`, USAGE);
}

function parsed(args: readonly string[]) {
  return commandLine(args, USAGE, {
    options: {
      dir: { type: "string" },
      opencode: { type: "string" },
      timeout: { type: "string" },
      ...COMMON,
    },
  }).values;
}
