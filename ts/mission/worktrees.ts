/**
 * A git worktree for each task: what a task changes is seen by nobody before it is accepted, and then joined with what
 * stands in the project's folder by then. The user's branch, index and stash are never touched: states of the folder
 * are kept as commits that no branch of the user's has, and what is accepted arrives in the folder as changed files,
 * as it would without worktrees.
 *
 * Joining is git's own three-way merge (`git merge-tree`, git 2.38 or newer) of the state that the task began with, the
 * folder's present state and the task's. A conflict is put into the task's worktree, marked as git marks it.
 */
import {
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  rmdir,
  stat,
  symlink,
  unlink,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Place } from "./git.ts";
import { type GitAnswer, git, gitOrThrow } from "./git-run.ts";

/** Where the worktrees of a project are, below its folder. */
const FOLDER = join(".orchestrator", "state", "worktrees");
/** All our branches begin with it. */
const BRANCHES = "orchestrator";
/** What installs leave behind, git ignores, and checks need: a worktree gets a link to the project's own. */
export const LINKED = ["node_modules", ".venv", "vendor/bundle"];
/** Times that a merge is begun anew because somebody changed a file in the meantime. */
const TRIES = 3;
/** Characters of conflicting files that a worker is shown. */
const CONFLICT_CHARS = 12_000;

/** One task's place. */
export interface Worktree extends Place {
  readonly branch: string;
}

/** What became of joining a task's work with the project's folder. */
export type Merge =
  /** Files that arrived in the folder, relative to it; none where the task changed nothing. */
  | { readonly type: "merged"; readonly files: readonly string[] }
  /** Files that both changed in the same place, as they now stand, with marks, in the worktree. */
  | { readonly type: "conflict"; readonly files: readonly string[]; readonly hunks: string };

/** The worktrees of one mission, each with a name of its own: that of its task, or one made of it for a second attempt. */
export class Worktrees {
  readonly #root: string;
  readonly #mission: string;
  /** One thing at a time: each builds on what the one before left, and git's own files are shared. */
  #queue: Promise<unknown> = Promise.resolve();

  /** @param directory The project's folder: the root of a git repository with at least one commit, see {@link supported}. */
  constructor(directory: string, mission: string) {
    this.#root = directory;
    this.#mission = mission;
  }

  /** Why tasks can't be isolated in `directory`, or `undefined` where they can. */
  static async supported(directory: string): Promise<string | undefined> {
    const version = /(\d+)\.(\d+)/.exec((await git(directory, ["--version"])).stdout);
    if (version === null) return "git is not installed";
    const [, major = "0", minor = "0"] = version;
    if (Number(major) < 2 || (Number(major) === 2 && Number(minor) < 38))
      return `git ${major}.${minor} is too old: worktrees need 2.38 or newer`;
    const root = await git(directory, ["rev-parse", "--show-toplevel"]);
    if (root.code !== 0) return "the project is no git repository";
    if ((await realpath(root.stdout.trim())) !== (await realpath(directory)))
      return `the project is a part of the repository ${root.stdout.trim()}: open OpenCode there`;
    const head = await git(directory, ["rev-parse", "--verify", "--quiet", "HEAD"]);
    return head.code === 0 ? undefined : "the repository has no commit yet";
  }

  /** The missions that have worktrees in `directory`, ended ones included where something kept them from cleaning up. */
  static async missions(directory: string): Promise<readonly string[]> {
    return readdir(join(directory, FOLDER)).catch(() => []);
  }

  /** The worktree of a task: made from the folder as it stands, or the one that an earlier process made. */
  open(task: string): Promise<Worktree> {
    return this.#inTurn(() => this.#make(task));
  }

  async #make(task: string): Promise<Worktree> {
    const worktree = this.#of(task);
    if (await exists(join(worktree.directory, ".git"))) return worktree;
    await mkdir(dirname(worktree.directory), { recursive: true });
    const state = await this.#snapshot(await this.#head());
    // An earlier process may have left the entry of one whose folder is gone.
    await this.#strike(worktree.directory);
    await gitOrThrow(this.#root, ["worktree", "add", "-q", "-B", worktree.branch, worktree.directory, state]);
    await this.#keepBase(task, state);
    await this.#link(worktree.directory);
    return worktree;
  }

  /**
   * Joins what a task has done with the folder. May be repeated: what is joined already is not joined twice. Rejects, with
   * nothing done, where it is not `wanted` any more when its turn has come.
   */
  merge(task: string, wanted: () => boolean = () => true): Promise<Merge> {
    return this.#inTurn(() => this.#merge(task, wanted));
  }

  /** Removes a task's worktree and branch; what was not merged is gone. */
  remove(task: string): Promise<void> {
    return this.#inTurn(() => this.#remove(task));
  }

  async #remove(task: string): Promise<void> {
    const { directory, branch } = this.#of(task);
    // Git for Windows follows them, and would empty the project's own.
    for (const link of await linksOf(directory)) await unlink(join(directory, link));
    await this.#strike(directory);
    await rm(directory, { recursive: true, force: true });
    await this.#strike(directory);
    await git(this.#root, ["branch", "-D", "-q", branch]);
    await git(this.#root, ["update-ref", "-d", this.#baseRef(task)]);
  }

  /**
   * Takes a worktree off git's list, and its folder away as far as git will, where they are. Ours alone, and never by
   * `prune`: a worktree of the user's may be on a disk that is not there at present.
   */
  async #strike(directory: string): Promise<void> {
    await git(this.#root, ["worktree", "remove", "--force", "--force", directory]);
  }

  /** Removes what the mission still has, after its end or after a crash. `keep` names the tasks whose work goes on. */
  async clean(keep: (task: string) => boolean = () => false): Promise<void> {
    const prefix = `refs/heads/${BRANCHES}/${this.#mission}/`;
    const refs = await git(this.#root, ["for-each-ref", "--format=%(refname)", prefix, this.#baseRef("")]);
    const named = refs.stdout.split("\n").filter((ref) => ref !== "");
    const folders = await readdir(join(this.#root, FOLDER, this.#mission)).catch(() => []);
    const tasks = new Set([...named.map((ref) => ref.slice(ref.lastIndexOf("/") + 1)), ...folders]);
    for (const task of tasks) if (!keep(task)) await this.remove(task);
    // Empty, or a task's work goes on in it.
    await rmdir(join(this.#root, FOLDER, this.#mission)).catch(() => undefined);
  }

  /** Resolves when nothing is being done any more. Never rejects. */
  async settled(): Promise<void> {
    let last: Promise<unknown> | undefined;
    while (last !== this.#queue) {
      last = this.#queue;
      await last;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  #of(task: string): Worktree {
    return {
      base: this.#baseRef(task),
      directory: join(this.#root, FOLDER, this.#mission, task),
      branch: `${BRANCHES}/${this.#mission}/${task}`,
    };
  }

  async #merge(task: string, wanted: () => boolean): Promise<Merge> {
    const { directory } = this.#of(task);
    if (!(await exists(join(directory, ".git")))) return { type: "merged", files: [] };
    const base = (await gitOrThrow(this.#root, ["rev-parse", this.#baseRef(task)])).stdout.trim();
    const unresolved = await this.#unresolved(directory);
    if (unresolved !== undefined) return unresolved;
    const theirs = await this.#commit(directory, task);
    for (let tried = 1; ; tried += 1) {
      const ours = await this.#snapshot(base);
      const joined = await git(this.#root, ["merge-tree", "--write-tree", "-z", "--name-only", ours, theirs]);
      if (joined.code === 1) return this.#conflict(task, ours, joined);
      if (joined.code !== 0) throw new Error(`git merge-tree failed: ${joined.stderr.trim()}`);
      const [tree = ""] = joined.stdout.split("\0");
      if (!wanted()) throw new Error(`${task} was given up before it was merged`);
      const files = await this.#arrive(ours, tree);
      if (files !== undefined) {
        await this.#keepBase(task, theirs);
        return { type: "merged", files };
      }
      if (tried === TRIES)
        throw new Error("the project's files changed while they were being merged, again and again");
    }
  }

  /** What the task has done so far, as a commit on its branch. */
  async #commit(directory: string, task: string): Promise<string> {
    await gitOrThrow(directory, ["add", "-A", ...WORK, ...(await linksIn(directory))]);
    await gitOrThrow(directory, [
      ...AS_ENGINE,
      "commit",
      "-q",
      "--no-verify",
      "--no-gpg-sign",
      "--allow-empty",
      "-m",
      `Task ${task}`,
    ]);
    return (await gitOrThrow(directory, ["rev-parse", "HEAD"])).stdout.trim();
  }

  /** The folder as it stands, ignored files aside, as a commit after `parent`. No branch and no index sees it. */
  async #snapshot(parent: string): Promise<string> {
    return this.#withIndex(async (env) => {
      await gitOrThrow(this.#root, ["add", "-A", ...WORK], { env });
      const tree = (await gitOrThrow(this.#root, ["write-tree"], { env })).stdout.trim();
      const args = [...AS_ENGINE, "commit-tree", tree, "-p", parent, "-m", "The project's folder"];
      return (await gitOrThrow(this.#root, args)).stdout.trim();
    });
  }

  /**
   * Brings the folder from the state `ours` to `tree`. Answers the files that changed, or `undefined`, with nothing
   * done, where one of them is not as in `ours` any more.
   */
  async #arrive(ours: string, tree: string): Promise<readonly string[] | undefined> {
    const listed = await gitOrThrow(this.#root, ["diff", "--name-status", "--no-renames", "-z", ours, tree]);
    const words = listed.stdout.split("\0");
    const changes: Changed[] = [];
    for (let at = 0; at + 1 < words.length; at += 2)
      changes.push({ status: words[at] ?? "", path: words[at + 1] ?? "" });
    if (changes.length === 0) return [];
    const paths = changes.map(({ path }) => path);
    const now = await this.#snapshot(ours);
    const moved = await git(this.#root, [
      "--literal-pathspecs",
      "diff",
      "--quiet",
      ours,
      now,
      "--",
      ...paths,
    ]);
    if (moved.code !== 0) return undefined;
    const unseen = await this.#unseen(changes);
    if (unseen.length > 0)
      throw new Error(
        `nothing was merged: the project has files that git does not see where the task's would go: ${unseen.join(", ")}`,
      );
    // First what goes: a folder may take the place of a file.
    for (const { status, path } of changes) if (status === "D") await this.#delete(path);
    await this.#withIndex(async (env) => {
      await gitOrThrow(this.#root, ["read-tree", tree], { env });
      const written = changes.filter(({ status }) => status !== "D").map(({ path }) => path);
      const input = written.map((path) => `${path}\0`).join("");
      await gitOrThrow(this.#root, ["checkout-index", "-f", "-z", "--stdin"], { env, input });
    });
    return paths.sort();
  }

  /** What stands, unknown to git, where a change would put a new file: it is the user's, and nowhere else. */
  async #unseen(changes: readonly Changed[]): Promise<readonly string[]> {
    const going = new Set(changes.filter(({ status }) => status === "D").map(({ path }) => path));
    const unseen = new Set<string>();
    for (const { status, path } of changes) {
      if (status !== "A") continue;
      for (let above = dirname(path); above !== "."; above = dirname(above)) {
        const found = await lstat(join(this.#root, above)).catch(() => undefined);
        if (found !== undefined && !found.isDirectory() && !going.has(above)) unseen.add(above);
      }
      for (const file of await filesAt(this.#root, path)) if (!going.has(file)) unseen.add(file);
    }
    return [...unseen];
  }

  /** Removes a file, and the folders that it leaves empty, as git does. */
  async #delete(path: string): Promise<void> {
    await rm(join(this.#root, path), { force: true });
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
      const left = await rmdir(join(this.#root, folder)).then(
        () => true,
        () => false,
      );
      if (!left) return;
    }
  }

  /** Puts the folder's state into the worktree, conflicts marked: from now on the task builds on it. */
  async #conflict(task: string, ours: string, joined: GitAnswer): Promise<Merge> {
    const { directory } = this.#of(task);
    const [, ...rest] = joined.stdout.split("\0");
    const files = rest.slice(0, rest.indexOf(""));
    const merge = [...AS_ENGINE, "merge", "-q", "--no-commit", "--no-ff", "--no-verify", "-m", "Join", ours];
    await git(directory, merge);
    const hunks = await gitOrThrow(directory, ["--literal-pathspecs", "diff", "--no-color", "--", ...files]);
    await this.#keepBase(task, ours);
    return { type: "conflict", files, hunks: hunks.stdout.slice(0, CONFLICT_CHARS) };
  }

  /** A conflict of an earlier merge whose marks are still in the files. */
  async #unresolved(directory: string): Promise<Merge | undefined> {
    if ((await git(directory, ["rev-parse", "--verify", "--quiet", "MERGE_HEAD"])).code !== 0)
      return undefined;
    const listed = await git(directory, ["diff", "--check", "HEAD"]);
    const marks = listed.stdout.split("\n").filter((line) => line.endsWith("leftover conflict marker"));
    if (marks.length === 0) return undefined;
    const files = [...new Set(marks.map((line) => line.replace(/:\d+: leftover conflict marker$/, "")))];
    return { type: "conflict", files, hunks: marks.join("\n") };
  }

  async #head(): Promise<string> {
    return (await gitOrThrow(this.#root, ["rev-parse", "HEAD"])).stdout.trim();
  }

  /** The state that the task's next merge starts from; a ref keeps it from being collected. */
  #baseRef(task: string): string {
    return `refs/${BRANCHES}/${this.#mission}/${task}`;
  }

  async #keepBase(task: string, commit: string): Promise<void> {
    await gitOrThrow(this.#root, ["update-ref", this.#baseRef(task), commit]);
  }

  async #link(directory: string): Promise<void> {
    for (const name of LINKED) {
      const own = join(this.#root, name);
      const ignored = (await git(this.#root, ["check-ignore", "-q", name])).code === 0;
      if (!ignored || !(await exists(own)) || (await exists(join(directory, name)))) continue;
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await symlink(own, join(directory, name), "junction");
    }
  }

  /** Has git look at files again that the user told it to take as they are: their edits would be overwritten unseen. */
  async #see(env: NodeJS.ProcessEnv): Promise<void> {
    const listed = await gitOrThrow(this.#root, ["ls-files", "-v", "-z"], { env });
    const entries = listed.stdout.split("\0").map((line) => ({ tag: line.slice(0, 1), path: line.slice(2) }));
    const assumed = entries.filter(({ tag }) => tag !== tag.toUpperCase()).map(({ path }) => path);
    // What a sparse checkout has not on the disk is not deleted.
    const skipped: string[] = [];
    for (const { tag, path } of entries)
      if (tag.toUpperCase() === "S" && (await exists(join(this.#root, path)))) skipped.push(path);
    const flags = { "--no-assume-unchanged": assumed, "--no-skip-worktree": skipped };
    for (const [flag, paths] of Object.entries(flags)) {
      if (paths.length === 0) continue;
      const input = paths.map((path) => `${path}\0`).join("");
      await gitOrThrow(this.#root, ["update-index", flag, "-z", "--stdin"], { env, input });
    }
  }

  /** Runs `work` with an index of its own, a copy of the user's: git then need not read the files that are as they were. */
  async #withIndex<T>(work: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), "orchestrator-index-"));
    try {
      const users = (await gitOrThrow(this.#root, ["rev-parse", "--git-path", "index"])).stdout.trim();
      const index = join(folder, "index");
      await copyFile(resolve(this.#root, users), index).catch(() =>
        gitOrThrow(this.#root, ["read-tree", "HEAD"], { env: { GIT_INDEX_FILE: index } }),
      );
      await this.#see({ GIT_INDEX_FILE: index });
      return await work({ GIT_INDEX_FILE: index });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A file that differs between two states, by git's letter: `A`dded, `D`eleted, or another. */
interface Changed {
  readonly status: string;
  readonly path: string;
}

/** All that is anybody's work: what we keep in the project is not. */
const WORK = ["--", ".", ":(exclude).orchestrator"];

/** Commits of ours need an author also where the user has not said who they are. */
const AS_ENGINE = ["-c", "user.name=opencode-orchestrator", "-c", "user.email=orchestrator@localhost"];

/** Whether a path is one of the links that a worktree was given, which nobody changed. */
export function isLinked(path: string): boolean {
  return LINKED.includes(path);
}

/** Keeps our links out of a commit: a rule for folders, `node_modules/`, does not ignore a link. */
async function linksIn(directory: string): Promise<readonly string[]> {
  return (await linksOf(directory)).map((name) => `:(exclude)${name}`);
}

/** Those of {@link LINKED} that are links. */
async function linksOf(directory: string): Promise<readonly string[]> {
  const links: string[] = [];
  for (const name of LINKED) {
    const found = await lstat(join(directory, name)).catch(() => undefined);
    if (found?.isSymbolicLink() === true) links.push(name);
  }
  return links;
}

/** What is at a path below `root`: itself, or the files in it where it is a folder; nothing where nothing is. */
async function filesAt(root: string, path: string): Promise<readonly string[]> {
  const found = await lstat(join(root, path)).catch(() => undefined);
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  const names = await readdir(join(root, path));
  return (await Promise.all(names.map((name) => filesAt(root, `${path}/${name}`)))).flat();
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
