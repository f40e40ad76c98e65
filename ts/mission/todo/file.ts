/**
 * The file `.orchestrator/todo.md` and its copy of what was last written. Every write is atomic; nothing that somebody
 * else wrote is lost: it is read first, or set aside.
 *
 * The file is looked at rather than watched: one `lstat` before each write and every two seconds. A watch has to follow
 * the renames by which editors save, is missing on network file systems, and can keep a process from ending.
 */
import type { BigIntStats } from "node:fs";
import { link, lstat, mkdir, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Where the plan is shown, below the project's folder. */
export const TODO_FILE = join(".orchestrator", "todo.md");
/** What was last written there: what an edit by hand is compared with. */
const COPY = join(".orchestrator", "state", "todo.md");

/** A file is read that is not larger than this, or than twice what we wrote. In bytes. */
const LARGEST = 1 << 20;
/** A file that was saved just now may still be half written. In milliseconds. */
const SETTLED_AFTER_MS = 300;

/** What a look at the file found. */
export type Found =
  /** As it was at the last look or write. */
  | { readonly type: "same" }
  | { readonly type: "missing" }
  /** It changed a moment ago: look again in so many milliseconds. */
  | { readonly type: "settling"; readonly lookAgainMs: number }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "unreadable"; readonly why: string };

export class TodoFile {
  readonly #path: string;
  readonly #copy: string;
  /** The file as it was last seen: `undefined` before the first look, `""` where there is none. */
  #seen: string | undefined;
  /** What it said then; `undefined` where that is not known. */
  #text: string | undefined;
  /** What we wrote last; `undefined` until it is known. */
  #written: string | undefined;

  constructor(directory: string) {
    this.#path = join(directory, TODO_FILE);
    this.#copy = join(directory, COPY);
  }

  /** What was last written there, by this process or an earlier one. */
  async written(): Promise<string | undefined> {
    this.#written ??= await readFile(this.#copy, "utf8").catch(absent);
    return this.#written;
  }

  /** Looks at the file. `now`: also where it changed a moment ago. */
  async look(now = false): Promise<Found> {
    const stats = await this.#stats();
    const stamp = stampOf(stats);
    if (stamp === this.#seen) return { type: "same" };
    if (stats === undefined) return this.#found(stamp, { type: "missing" });
    if (!stats.isFile()) return this.#found(stamp, { type: "unreadable", why: "is no regular file" });
    const wait = SETTLED_AFTER_MS - (Date.now() - Number(stats.mtimeMs));
    if (!now && wait > 0 && wait <= SETTLED_AFTER_MS) return { type: "settling", lookAgainMs: wait };
    const most = Math.max(LARGEST, 2 * Buffer.byteLength((await this.written()) ?? ""));
    if (stats.size > most) {
      return this.#found(stamp, { type: "unreadable", why: `is larger than ${most} bytes` });
    }
    const text = textOf(await readFile(this.#path));
    if (text === undefined) return this.#found(stamp, { type: "unreadable", why: "is no UTF-8 text" });
    if (text.trim() === "") return this.#found(stamp, { type: "missing" });
    const found = this.#found(
      stamp,
      text === (await this.written()) ? { type: "same" } : { type: "text", text },
    );
    this.#text = text;
    return found;
  }

  /**
   * Writes the file anew, if it still is as at the last look. A reader sees the old text or the new one.
   * @returns whether it did: if not, there is something new to read.
   */
  async write(text: string): Promise<boolean> {
    if (text === this.#text && text === this.#written) return true;
    await mkdir(dirname(this.#copy), { recursive: true });
    const next = await replacement(this.#path, text);
    // Known before it is in place: what is saved there a moment later is not taken for ours.
    const ours = stampOf(await lstat(next, { bigint: true }));
    if (stampOf(await this.#stats()) !== this.#seen) {
      await unlink(next);
      return false;
    }
    await rename(next, this.#path);
    this.#seen = ours;
    this.#text = text;
    // After the file: of a copy that is older, what is new in the file is known by the plan; of one that is newer, what
    // is not yet in the file would count as deleted.
    await rename(await replacement(this.#copy, text), this.#copy);
    this.#written = text;
    return true;
  }

  /** Moves what is there out of the way, to `name` beside it or a numbered one, and answers where to. */
  async setAside(name: string): Promise<string> {
    for (let number = 0; ; number += 1) {
      const free = number === 0 ? name : `${name}.${number}`;
      const target = join(dirname(this.#path), free);
      if ((await lstat(target).catch(absent)) !== undefined) continue;
      await moveTo(this.#path, target);
      this.#seen = "";
      this.#text = undefined;
      return free;
    }
  }

  #found(stamp: string, found: Found): Found {
    this.#seen = stamp;
    this.#text = undefined;
    return found;
  }

  async #stats(): Promise<BigIntStats | undefined> {
    return lstat(this.#path, { bigint: true }).catch(absent);
  }
}

/** Moves a file to where nothing is; what appears there meanwhile stays. */
async function moveTo(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
    await unlink(path);
  } catch {
    // Folders, and some file systems, have no links.
    await rename(path, target);
  }
}

/** A file beside `path` with this text. It is made anew: a link of that name is not followed. */
async function replacement(path: string, text: string): Promise<string> {
  const next = `${path}.${process.pid}.tmp`;
  await rm(next, { force: true });
  await writeFile(next, text, { flag: "wx" });
  return next;
}

/** A file at one moment: any save changes its time, its size or its number. */
function stampOf(stats: BigIntStats | undefined): string {
  return stats === undefined ? "" : [stats.dev, stats.ino, stats.size, stats.mtimeNs].join(":");
}

function textOf(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
