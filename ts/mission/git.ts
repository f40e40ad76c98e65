/** What git knows of a project's files. Every answer is `undefined` where the project is no git repository: missions run there too. */
import { gitBytes } from "./git-run.ts";

/** A path is a name: `[id].ts` is one file. */
const LITERAL = { env: { GIT_LITERAL_PATHSPECS: "1" } };
/** A diff for people and models, whatever the user has set for the terminal. */
const DIFF = ["diff", "--no-color", "--no-ext-diff"];

/** Runs git in `directory`; `undefined` when git fails: no repository, no such revision, no git at all. */
async function git(directory: string, ...args: string[]): Promise<Buffer | undefined> {
  const { code, stdout } = await gitBytes(directory, args, LITERAL);
  return code === 0 ? stdout : undefined;
}

function names(list: Buffer | undefined): string[] {
  return list === undefined
    ? []
    : list
        .toString("utf8")
        .split("\0")
        .filter((name) => name !== "");
}

/** A folder of the project, and the state of it that changes are counted from: a commit. */
export interface Place {
  /** Absolute. */
  readonly directory: string;
  readonly base: string;
}

/** The folder as the user has it: what counts is what differs from the last commit. */
export function sinceLastCommit(directory: string): Place {
  return { directory, base: "HEAD" };
}

/** Every file that differs from the base, untracked files included. Paths relative to the folder. */
export async function changedFiles({ directory, base }: Place): Promise<ReadonlySet<string> | undefined> {
  const untracked = await git(directory, "ls-files", "--others", "--exclude-standard", "-z");
  if (untracked === undefined) return undefined;
  const tracked =
    (await git(directory, "diff", "--name-only", "--no-renames", "--relative", "-z", base)) ??
    (await git(directory, "ls-files", "-z"));
  return new Set([...names(untracked), ...names(tracked)]);
}

/** Whether there is a commit to compare with. */
export async function hasBase({ directory, base }: Place): Promise<boolean> {
  return (await git(directory, "rev-parse", "--quiet", "--verify", `${base}^{commit}`)) !== undefined;
}

/** A file's content in the base; `undefined` when it is new there. */
export async function committed({ directory, base }: Place, path: string): Promise<Buffer | undefined> {
  return git(directory, "show", `${base}:./${path}`);
}

/** The changes to `paths` since the base, new files in full, at most `maxChars` characters. */
export async function diff(
  { directory, base }: Place,
  paths: readonly string[],
  maxChars: number,
): Promise<string | undefined> {
  if (paths.length === 0) return undefined;
  const tracked = await git(directory, ...DIFF, "--relative", base, "--", ...paths);
  // Without a commit, what is in the index is new as well.
  const which = tracked === undefined ? ["--cached", "--others"] : ["--others"];
  const added = await git(directory, "ls-files", ...which, "--exclude-standard", "-z", "--", ...paths);
  if (added === undefined) return undefined;
  const parts = [tracked?.toString("utf8") ?? ""];
  for (const path of names(added)) parts.push(await diffOfNew(directory, path));
  const text = parts.join("");
  return text.length <= maxChars
    ? text
    : `${text.slice(0, maxChars)}\n… ${text.length - maxChars} characters left out …\n`;
}

/** `git diff --no-index` exits with 1 when the files differ, as a new file always does from nothing. */
async function diffOfNew(directory: string, path: string): Promise<string> {
  const nothing = process.platform === "win32" ? "NUL" : "/dev/null";
  const args = [...DIFF, "--no-index", "--", nothing, path];
  const { code, stdout } = await gitBytes(directory, args, LITERAL);
  return code === 0 || code === 1 ? stdout.toString("utf8") : "";
}
