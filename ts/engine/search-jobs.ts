import { crossed } from "./files.ts";
import type { GlobOptions, GlobReport } from "./glob.ts";
import type { GrepFile, GrepOptions, GrepReport } from "./grep.ts";
import { Job, type JobOptions } from "./job.ts";

/**
 * As `grep`, on other threads: for trees of any size. The event loop is held up only for taking the result in, piece by
 * piece. Its {@link Job.progress} counts what was done so far.
 */
export function grepJob(
  patterns: string | readonly string[],
  root: string,
  { signal, timeoutMs, maxResultBytes, ...options }: GrepOptions & JobOptions = {},
): Job<GrepReport> {
  const all = typeof patterns === "string" ? [patterns] : patterns;
  return Job.start(
    { signal, timeoutMs, maxResultBytes },
    (native, limitsJson) => native.searchFiles(...crossed(root, { ...options, patterns: all }), limitsJson),
    (report, pieces) => ({ ...(report as GrepReport), files: joined(pieces as GrepFile[]) }),
  );
}

/** As `glob`, on other threads: see {@link grepJob}. */
export function globJob(
  globs: string | readonly string[],
  root: string,
  { signal, timeoutMs, maxResultBytes, ...options }: GlobOptions & JobOptions = {},
): Job<GlobReport> {
  const include = typeof globs === "string" ? [globs] : globs;
  return Job.start(
    { signal, timeoutMs, maxResultBytes },
    (native, limitsJson) => native.listFiles(...crossed(root, { ...options, include }), limitsJson),
    (report, paths) => ({ ...(report as GlobReport), paths: paths as string[] }),
  );
}

/** A file with very many matches comes in several pieces, one after the other. */
function joined(pieces: readonly GrepFile[]): GrepFile[] {
  const files: GrepFile[] = [];
  for (const piece of pieces) {
    const last = files.at(-1);
    if (last?.path === piece.path)
      files[files.length - 1] = { ...piece, matches: last.matches.concat(piece.matches) };
    else files.push(piece);
  }
  return files;
}
