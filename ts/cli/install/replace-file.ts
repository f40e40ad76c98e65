/** Replaces a user's file: whole or not at all, and never one that has changed meanwhile. */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CliError, ExitCode } from "../exit.ts";

/** A file as it was read; `bytes` is `undefined` where there was none. */
export interface FileState {
  /** What was asked for. */
  readonly path: string;
  /** What it is: symbolic links lead here, and stay. */
  readonly target: string;
  readonly bytes: Buffer | undefined;
}

/** Reads a file. @throws CliError where it can't be read, or a link leads nowhere. */
export function readState(path: string): FileState {
  try {
    const target = realpathSync(path);
    return { path, target, bytes: readFileSync(target) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw refused(path, message, error);
    if (linkLeadsNowhere(path)) throw refused(path, "it is a symbolic link to a file that does not exist");
    return { path, target: path, bytes: undefined };
  }
}

/**
 * Puts `bytes` in the place of what `state` says, mode and owner kept. They are on the disk when this returns.
 * @throws CliError where the file has changed since it was read, is read-only or is hard-linked: then it is as it was.
 */
export function replaceFile(state: FileState, bytes: Buffer): void {
  const { path, target } = state;
  const stats = writable(state);
  const folder = dirname(target);
  if (state.bytes === undefined) mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    writeWhole(temporary, bytes, stats);
    refuseIfChanged(state);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof CliError) throw error;
    throw refused(path, (error as Error).message, error);
  }
  syncFolder(folder);
  if (!readFileSync(target).equals(bytes))
    throw refused(path, "it reads differently from what was written: another program writes to it, too");
}

/** Removes the file that `state` says. @throws CliError where it has changed since it was read. */
export function removeFile(state: FileState): void {
  writable(state);
  refuseIfChanged(state);
  rmSync(state.target, { force: true });
}

/** @throws CliError where the file is not what it was when it was read. */
function refuseIfChanged({ path, bytes }: FileState): void {
  const now = readState(path).bytes;
  const same = bytes === undefined ? now === undefined : now?.equals(bytes) === true;
  if (!same) throw refused(path, "another program has changed it meanwhile; run this again");
}

function writable({ path, target, bytes }: FileState): Stats | undefined {
  if (bytes === undefined) return undefined;
  const stats = statSync(target);
  // Asked of the mode: the system lets root write to anything.
  if ((stats.mode & 0o222) === 0)
    throw refused(path, "it is read-only; make it writable, or edit it yourself");
  if (stats.nlink > 1)
    throw refused(path, `it has ${stats.nlink} hard links, which a replacement would part; edit it yourself`);
  return stats;
}

function writeWhole(path: string, bytes: Buffer, like: Stats | undefined): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, bytes);
    if (like !== undefined) {
      const own = fstatSync(file);
      if (own.uid !== like.uid || own.gid !== like.gid) fchownSync(file, like.uid, like.gid);
      fchmodSync(file, like.mode & 0o7777);
    } else fchmodSync(file, 0o666 & ~process.umask());
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A rename is on the disk when its folder is; Windows has no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const file = openSync(folder, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function linkLeadsNowhere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function refused(path: string, why: string, cause?: unknown): CliError {
  return new CliError(ExitCode.Failed, `${path} is left as it is: ${why}`, { cause });
}
