/** What a command is given on the command line. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { CliError, ExitCode } from "./exit.ts";

/** The options that every command has. */
export const COMMON = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

/** Reads what a command is given, as `node:util` does. @throws CliError with the command's usage, where it is wrong. */
export function commandLine<const T extends ParseArgsConfig>(
  args: readonly string[],
  usage: string,
  config: T,
) {
  try {
    return parseArgs<T>({ ...config, args: [...args] });
  } catch (error) {
    throw misused((error as Error).message, usage);
  }
}

/** What is wrong with the way in which a command was called, with its usage. */
export function misused(message: string, usage: string): CliError {
  return new CliError(ExitCode.Usage, `${message}\n\n${usage}`);
}

/** The options of commands that play a mission on a model of the user's. */
export const MODEL = { model: { type: "string" } } as const;

/** What `--model` names. @throws CliError where that is no model. */
export function modelOf(given: string | undefined, usage: string): string | undefined {
  if (given === undefined || /^[^/\s]+\/\S+$/.test(given)) return given;
  throw misused(`--model takes provider/model, not "${given}"`, usage);
}
