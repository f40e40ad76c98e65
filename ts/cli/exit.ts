/** How the command line ends. */

/** What an exit code means. */
export const ExitCode = { Done: 0, Failed: 1, Usage: 2, Environment: 3 } as const;

/** An error for the person at the terminal: the message is all that is shown. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}
