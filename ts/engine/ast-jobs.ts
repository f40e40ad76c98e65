import type { AstChange, AstReplaceOptions, AstReplaceReport } from "./ast-replace.ts";
import type { AstFile, AstQuery, AstSearchOptions, AstSearchReport } from "./ast-search.ts";
import { crossed } from "./files.ts";
import { inPlace } from "./graph.ts";
import { Job, type JobOptions } from "./job.ts";
import type { Outline } from "./outline.ts";

/** As `astSearch`, on other threads: for trees of any size. Its {@link Job.progress} counts what was done so far. */
export function astSearchJob(
  query: AstQuery,
  root: string,
  { signal, timeoutMs, maxResultBytes, ...options }: AstSearchOptions & JobOptions = {},
): Job<AstSearchReport> {
  return Job.start(
    { signal, timeoutMs, maxResultBytes },
    (native, limitsJson) => native.searchTrees(...crossed(root, { ...options, query }), limitsJson),
    (report, pieces) => ({ ...(report as AstSearchReport), files: joined(pieces as AstFile[]) }),
  );
}

/**
 * As `astReplace`, on other threads. Cancelled while it writes, it ends after the file that it is at: what it wrote stays
 * written, and is not told. Preview with `dryRun` what a call that may be cancelled would change.
 */
export function astReplaceJob(
  query: AstQuery,
  rewrite: string | null,
  root: string,
  { signal, timeoutMs, maxResultBytes, ...options }: AstReplaceOptions & JobOptions = {},
): Job<AstReplaceReport> {
  return Job.start(
    { signal, timeoutMs, maxResultBytes },
    (native, limitsJson) => native.rewriteTrees(...crossed(root, { ...options, query, rewrite }), limitsJson),
    (report, changes) => ({ ...(report as AstReplaceReport), changes: changes as AstChange[] }),
  );
}

/** As `outline`, on another thread. The bytes are copied at once. */
export function outlineJob(
  path: string,
  source: string | Uint8Array,
  limits: JobOptions = {},
): Job<Outline | null> {
  const bytes = inPlace(typeof source === "string" ? Buffer.from(source, "utf8") : source);
  return Job.start(
    limits,
    (native, limitsJson) => native.outline(path, bytes, limitsJson),
    (found) => found as Outline | null,
  );
}

/** A file with very many matches comes in several pieces, one after the other. */
function joined(pieces: readonly AstFile[]): AstFile[] {
  const files: AstFile[] = [];
  for (const piece of pieces) {
    const last = files.at(-1);
    if (last?.path === piece.path)
      files[files.length - 1] = { ...piece, matches: last.matches.concat(piece.matches) };
    else files.push(piece);
  }
  return files;
}
