/**
 * What was installed into which file, kept outside of it: so that it can be taken back byte for byte, and so that what was
 * there before can be found again.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { TextEdit } from "./config-text.ts";

const Installed = z.object({
  /** The file, as it is once links are followed. */
  file: z.string(),
  /** Whether there was no such file. */
  made: z.boolean(),
  spec: z.string(),
  /** The text that the edits led to. */
  after: z.string(),
  edits: z.array(z.object({ offset: z.number(), removed: z.string(), inserted: z.string() })),
  /** The copy of what was there before; empty where there was nothing. */
  backup: z.string(),
});
export type Installed = z.infer<typeof Installed>;

/** Copies that are kept of one file. */
const MOST_BACKUPS = 5;

/** The records of one user. What is in a configuration may be secret: nobody else may read them. */
export class Records {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What was installed into a file; `undefined` where nothing was, or the record can't be read. */
  of(file: string): Installed | undefined {
    try {
      const parsed = Installed.safeParse(JSON.parse(readFileSync(this.#path(file), "utf8")));
      return parsed.success ? parsed.data : undefined;
    } catch {
      // Without a record the entry is found by its name: nothing is lost but exactness.
      return undefined;
    }
  }

  /** Copies `bytes`, what `file` has in it now, and says where to. The oldest of many copies are given up. */
  backUp(file: string, bytes: Buffer, now = new Date()): string {
    this.#makeFolder();
    const prefix = `${idOf(file)}-`;
    const path = join(this.#folder, `${prefix}${now.toISOString().replaceAll(":", "-")}.backup`);
    writeFileSync(path, bytes, { mode: 0o600, flush: true });
    const all = readdirSync(this.#folder).filter(
      (name) => name.startsWith(prefix) && name.endsWith(".backup"),
    );
    for (const old of all.sort().slice(0, -MOST_BACKUPS)) rmSync(join(this.#folder, old), { force: true });
    return path;
  }

  keep(installed: Omit<Installed, "edits"> & { readonly edits: readonly TextEdit[] }): void {
    this.#makeFolder();
    writeFileSync(this.#path(installed.file), JSON.stringify(installed), { mode: 0o600, flush: true });
  }

  forget(file: string): void {
    rmSync(this.#path(file), { force: true });
  }

  #makeFolder(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  #path(file: string): string {
    return join(this.#folder, `${idOf(file)}.json`);
  }
}

function idOf(file: string): string {
  return createHash("sha256").update(file).digest("hex").slice(0, 16);
}
