/** Runs git and answers what it said, whatever its exit code. */
import { spawn } from "node:child_process";

/** What git printed and how it ended; `code` is `null` where it was killed and -1 where it could not be started. */
export interface GitAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a run of git may be given besides its arguments. */
export interface GitOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs git in `directory`. Never rejects. */
export function git(
  directory: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitAnswer> {
  return new Promise((resolve) => {
    const child = spawn("git", ["-c", "core.quotepath=off", ...args], {
      cwd: directory,
      windowsHide: true,
      env: { ...process.env, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C", ...options.env },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (error) => resolve({ code: -1, stdout: "", stderr: error.message }));
    child.on("close", (code) =>
      resolve({
        code,
        stdout: Buffer.concat(out).toString("utf8"),
        stderr: Buffer.concat(err).toString("utf8"),
      }),
    );
    // A git that ends before it has read everything says so by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** As {@link git}; rejects, with what git printed, where it does not succeed. */
export async function gitOrThrow(
  directory: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitAnswer> {
  const answer = await git(directory, args, options);
  if (answer.code === 0) return answer;
  throw new Error(`git ${args.join(" ")} failed (${answer.code}): ${answer.stderr.trim()}`);
}
