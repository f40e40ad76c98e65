/** OpenCode 1's `grep`, on the native engine: the same arguments, questions and form of the answer. */
import { dirname, isAbsolute, join, resolve } from "node:path";
import { EngineError, type GrepReport, grepJob } from "../../engine/index.ts";
import type { Replacement, ReplacementAnswer, ReplacementCall } from "../../host/contribution.ts";
import { needed, optional } from "./arguments.ts";
import { TIME_LIMIT_MS } from "./limits.ts";
import { askOutside, followed, kindAt } from "./place.ts";

const MOST_MATCHES = 100;

/** Of a longer line so many UTF-16 units are shown. */
const MOST_OF_A_LINE = 2_000;

/** No line of {@link MOST_OF_A_LINE} units has more bytes. */
const MOST_BYTES_OF_A_LINE = 3 * MOST_OF_A_LINE + 4;

export const grep: Replacement = {
  name: "grep",
  async execute(args, call) {
    const pattern = needed("grep", args, "pattern");
    const path = optional("grep", args, "path");
    const include = optional("grep", args, "include");
    if (pattern === "") throw new Error("pattern is required");
    await call.ask({
      permission: "grep",
      patterns: [pattern],
      always: ["*"],
      metadata: { pattern, path, include },
    });
    const { folder, shown } = await place(path, call);
    const report = await search(pattern, folder, include, call.signal);
    return answer(pattern, report, shown);
  },
};

/** The folder that is searched, and how it is shown: for a file it is the folder that the file is in. */
async function place(
  path: string | undefined,
  call: ReplacementCall,
): Promise<{ readonly folder: string; readonly shown: string }> {
  const wanted = path ?? call.directory;
  const asked = isAbsolute(wanted) ? wanted : join(call.directory, wanted);
  const kind = await kindAt(asked);
  await askOutside(call, asked, kind === "directory" ? "directory" : "file");
  const target = await followed(asked);
  return {
    folder: (await kindAt(target)) === "directory" ? target : dirname(target),
    shown: kind === "directory" ? asked : dirname(asked),
  };
}

async function search(
  pattern: string,
  folder: string,
  include: string | undefined,
  signal: AbortSignal,
): Promise<GrepReport> {
  try {
    return await grepJob(pattern, folder, {
      signal,
      include: include === undefined || include === "" ? [] : [include],
      exclude: ["**/.git/**"],
      hidden: true,
      order: "found",
      maxResults: MOST_MATCHES,
      maxLineBytes: MOST_BYTES_OF_A_LINE,
      lines: "raw",
      timeLimitMs: TIME_LIMIT_MS,
    });
  } catch (error) {
    if (EngineError.is(error, "ERR_SEARCH_INVALID_PATTERN")) {
      const { said } = error.details;
      if (typeof said === "string" && said.includes("regex parse error")) throw new Error(`rg: ${said}`);
    }
    throw error;
  }
}

function answer(pattern: string, report: GrepReport, shown: string): ReplacementAnswer {
  const files = report.files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const matches = files.reduce((sum, file) => sum + file.matches.length, 0);
  const cut = matches === MOST_MATCHES || report.truncated !== null;
  const metadata = { matches, truncated: cut };
  if (matches === 0) return { title: pattern, metadata, output: "No files found" };
  const blocks = files.map((file) =>
    [
      `${resolve(shown, file.path)}:`,
      ...file.matches.map(({ line, text }) => `  Line ${line}: ${shortened(text)}`),
    ].join("\n"),
  );
  const head = `Found ${matches} matches${cut ? " (more matches available)" : ""}`;
  const tail = cut ? "\n\n(Results truncated. Consider using a more specific path or pattern.)" : "";
  return { title: pattern, metadata, output: `${head}\n${blocks.join("\n\n")}${tail}` };
}

/** Not in the middle of a character that has two units. */
function shortened(line: string): string {
  if (line.length <= MOST_OF_A_LINE) return line;
  return `${line.slice(0, MOST_OF_A_LINE).replace(/[\uD800-\uDBFF]$/, "")}...`;
}
