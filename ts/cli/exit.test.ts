import { describe, expect, it } from "vitest";
import { CliError, ExitCode, exitCodeOf } from "./exit.ts";

describe("exit codes", () => {
  it("are what scripts rely on", () => {
    expect(ExitCode).toEqual({ Done: 0, Failed: 1, Usage: 2, Environment: 3 });
  });

  it("after a signal are those of a shell", () => {
    expect([exitCodeOf("SIGINT"), exitCodeOf("SIGTERM")]).toEqual([130, 143]);
  });

  it("are carried by the error that ends the program, with its cause", () => {
    const cause = new Error("below");
    const error = new CliError(ExitCode.Environment, "no git", { cause });
    expect(error).toMatchObject({ name: "CliError", message: "no git", exitCode: 3, cause });
  });
});
