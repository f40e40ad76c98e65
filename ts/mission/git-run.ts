/** Runs git and answers what it said, whatever its exit code. */
import { spawn } from "node:child_process";

/** What git printed and how it ended; `code` is `null` where it was killed and -1 where it could not be started. */
export interface GitAnswer<Output = string> {
  readonly code: number | null;
  readonly stdout: Output;
  readonly stderr: string;
}

/** What a run of git may be given besides its arguments. */
export interface GitOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Git is ended when it prints more: a diff of that size serves nobody, and all of it is held in memory. */
const MOST_BYTES = 64 * 1024 * 1024;

/** No hook of the user's is for what we do: one may ask at the terminal, and we would wait for it for ever. */
const SETTINGS = ["-c", "core.quotepath=off", "-c", "core.hooksPath=/dev/null"];

/** Runs git in `directory`; what it prints stays bytes. Never rejects. */
export function gitBytes(
  directory: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitAnswer<Buffer>> {
  return new Promise((resolve) => {
    const child = spawn("git", [...SETTINGS, ...args], {
      cwd: directory,
      windowsHide: true,
      env: { ...process.env, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C", ...options.env },
    });
    let bytes = 0;
    const into = (chunks: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) child.kill();
      else chunks.push(chunk);
    };
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", into(out));
    child.stderr.on("data", into(err));
    child.on("error", (error) => resolve({ code: -1, stdout: Buffer.alloc(0), stderr: error.message }));
    child.on("close", (code) => {
      const stderr = bytes > MOST_BYTES ? `it printed more than ${MOST_BYTES} bytes` : text(err);
      resolve({ code: bytes > MOST_BYTES ? null : code, stdout: Buffer.concat(out), stderr });
    });
    // A git that ends before it has read everything says so by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** As {@link gitBytes}, as text. */
export async function git(
  directory: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<GitAnswer> {
  const answer = await gitBytes(directory, args, options);
  return { ...answer, stdout: answer.stdout.toString("utf8") };
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

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
