/** How the command line ends. */
import { constants } from "node:os";

/** What an exit code means. */
export const ExitCode = { Done: 0, Failed: 1, Usage: 2, Environment: 3 } as const;

/** The exit code of a command that a signal has ended, as shells have it: 130 after Ctrl-C. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** An error for the person at the terminal: the message is all that is shown. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}
