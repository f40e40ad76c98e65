import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A folder with real files that OpenCode works in. */
export interface Project {
  dir: string;
  /** Text of a file, by its path in the project. */
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** Paths of all files, sorted, without `.git`. */
  files(): Promise<string[]>;
  /** Runs git in the project, and returns what it printed. */
  git(...args: string[]): Promise<string>;
}

export interface ProjectOptions {
  /** Text of each file, by its path; committed when `git` is set. */
  files?: Readonly<Record<string, string>>;
  /** Make it a git repository with one commit. @default true */
  git?: boolean;
  env: Readonly<Record<string, string>>;
}

/** Makes a project in `dir`, which must not exist yet. */
export async function createProject(dir: string, options: ProjectOptions): Promise<Project> {
  await mkdir(dir, { recursive: true });
  const project: Project = {
    dir,
    read: (path) => readFile(join(dir, path), "utf8"),
    async write(path, text) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    },
    async files() {
      const entries = await readdir(dir, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
        .filter((path) => !path.startsWith(".git/"))
        .sort();
    },
    async git(...args) {
      const { stdout } = await run("git", args, { cwd: dir, env: { ...options.env, PWD: dir } });
      return stdout;
    },
  };
  for (const [path, text] of Object.entries(options.files ?? {})) await project.write(path, text);
  if (options.git ?? true) {
    await project.git("init", "--quiet");
    await project.git("add", "--all");
    await project.git("commit", "--quiet", "--allow-empty", "--message", "start");
  }
  return project;
}
