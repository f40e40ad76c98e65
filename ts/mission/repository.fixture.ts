/** Real git repositories in temporary folders. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { folderWith } from "./folder.fixture.ts";

const IDENTITY = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];

/** Runs git in a folder. */
export async function git(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", [...IDENTITY, ...args], { cwd: folder });
  return stdout;
}

/** A repository whose one commit holds these files. */
export async function repositoryWith(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await folderWith(files);
  await git(folder, "init", "--quiet");
  await git(folder, "add", "--all");
  await git(folder, "commit", "--quiet", "--allow-empty", "--message", "start");
  return folder;
}
