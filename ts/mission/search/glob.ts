/** OpenCode 1's `glob`, on the native engine: the same arguments, questions and form of the answer. */
import { isAbsolute, relative, resolve } from "node:path";
import { globJob } from "../../engine/index.ts";
import type { Replacement } from "../../host/contribution.ts";
import { needed, optional } from "./arguments.ts";
import { TIME_LIMIT_MS } from "./limits.ts";
import { askOutside, kindAt } from "./place.ts";

const MOST_FILES = 100;

export const glob: Replacement = {
  name: "glob",
  async execute(args, call) {
    const pattern = needed("glob", args, "pattern");
    const path = optional("glob", args, "path");
    await call.ask({ permission: "glob", patterns: [pattern], always: ["*"], metadata: { pattern, path } });
    const wanted = path ?? call.directory;
    const folder = isAbsolute(wanted) ? wanted : resolve(call.directory, wanted);
    if ((await kindAt(folder)) === "file") throw new Error(`glob path must be a directory: ${folder}`);
    await askOutside(call, folder, "directory");
    const report = await globJob(pattern, folder, {
      signal: call.signal,
      exclude: ["**/.git/**"],
      order: "found",
      maxResults: MOST_FILES,
      timeLimitMs: TIME_LIMIT_MS,
    });
    const paths = report.paths.toSorted();
    const cut = paths.length === MOST_FILES || report.truncated !== null;
    const lines = paths.length === 0 ? ["No files found"] : paths.map((file) => resolve(folder, file));
    if (cut) {
      lines.push(
        "",
        `(Results are truncated: showing first ${MOST_FILES} results. Consider using a more specific path or pattern.)`,
      );
    }
    return {
      title: relative(call.worktree, folder),
      metadata: { count: paths.length, truncated: cut },
      output: lines.join("\n"),
    };
  },
};
