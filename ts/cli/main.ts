#!/usr/bin/env node
/** `orchestrator`: the command line. Exit codes: 0 done, 1 failed, 2 usage, 3 environment. */
import { readFileSync } from "node:fs";
import { demo } from "./demo/demo.ts";
import { doctor } from "./doctor/doctor.ts";
import { CliError, ExitCode } from "./exit.ts";
import { install } from "./install/install.ts";
import { uninstall } from "./install/uninstall.ts";
import { resume, run } from "./run.ts";
import { status } from "./status.ts";
import { stop } from "./stop.ts";

interface Subcommand {
  readonly summary: string;
  run(args: readonly string[]): Promise<number>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  install: {
    summary: "name the plugin in OpenCode's configuration, and change nothing else in it",
    run: install,
  },
  uninstall: { summary: "take that back, byte for byte", run: uninstall },
  doctor: { summary: "look whether OpenCode has really loaded the plugin, and what is missing", run: doctor },
  run: { summary: "run a mission in your project, without OpenCode's screen", run },
  resume: { summary: "go on with an unfinished mission", run: resume },
  stop: { summary: "give up an unfinished mission that nobody drives", run: stop },
  demo: { summary: "play a mission in a real OpenCode, in a temporary git repository", run: demo },
  status: { summary: "show how the mission of a project stands, without OpenCode", run: status },
};

function usage(): string {
  const rows = Object.entries(SUBCOMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return [
    "Usage: orchestrator <command> [options]",
    "",
    ...rows,
    "",
    "Options:",
    "  --help     show this, or with a command what it takes",
    "  --version  show the version",
  ].join("\n");
}

function version(): string {
  const manifest = new URL("../package.json", import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    console.log(usage());
    return name === undefined ? ExitCode.Usage : ExitCode.Done;
  }
  if (name === "--version" || name === "-v") {
    console.log(version());
    return ExitCode.Done;
  }
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) {
    throw new CliError(ExitCode.Usage, `no command "${name}"\n\n${usage()}`);
  }
  return subcommand.run(rest);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  console.error(`orchestrator: ${error.message}`);
  process.exitCode = error.exitCode;
}
