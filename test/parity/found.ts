import { type GrepLine, type GrepOptions, grep } from "../../ts/engine/index.ts";
import { flags, path, rg } from "./rg.ts";

/** No limit of ours: ripgrep has none. */
const UNLIMITED = { maxResults: Infinity, maxBytes: Infinity, maxLineBytes: Infinity, timeLimitMs: 60_000 };

/** Everything that ours finds, a line each, sorted. */
export function ours(patterns: readonly string[], root: string, options: GrepOptions): string[] {
  const report = grep(patterns, root, { ...UNLIMITED, ...options });
  if (report.truncated !== null) throw new Error(`cut by ${report.truncated}`);
  const lines = report.files.flatMap((file) => {
    if (options.mode === "files") return [file.path];
    if (options.mode === "count") return [`${file.path}:${file.count}`];
    return file.matches.flatMap((match) => [
      `${file.path}:${match.line}:${match.offset}:${match.text}:${JSON.stringify(
        match.submatches.map(({ start, end }) => match.text.slice(start, end)),
      )}`,
      ...[...match.before, ...match.after].map((line) => beside(file.path, line)),
    ]);
  });
  return lines.sort();
}

/** Everything that ripgrep finds, in the same form. */
export async function theirs(
  patterns: readonly string[],
  root: string,
  options: GrepOptions,
): Promise<string[]> {
  const { code, stdout, stderr } = await rg(root, [
    ...flags(options),
    ...patterns.map((pattern) => `--regexp=${pattern}`),
    "./",
  ]);
  // 2 is also the code of a search that came upon a broken link, and found matches.
  if (code === 2 && stdout.length === 0) throw new Error(stderr);
  if (options.mode === "files") return split(stdout, 0).map(path).sort();
  if (options.mode === "count") {
    // path, NUL, number, newline: names may have newlines themselves.
    const text = stdout.toString("latin1");
    const pairs = [...text.matchAll(/([^\0]*)\0(\d+)\n/g)];
    return pairs.map(([, name = "", count]) => `${path(Buffer.from(name, "latin1"))}:${count}`).sort();
  }
  return split(stdout, 10)
    .flatMap((line) => told(JSON.parse(line.toString()) as Message))
    .sort();
}

interface Text {
  readonly text?: string;
  readonly bytes?: string;
}

interface Message {
  readonly type: string;
  readonly data: {
    readonly path?: Text;
    readonly lines?: Text;
    readonly line_number?: number;
    readonly absolute_offset?: number;
    readonly submatches?: readonly { readonly start: number; readonly end: number }[];
  };
}

function told({ type, data }: Message): string[] {
  if (type !== "match" && type !== "context") return [];
  const name = path(bytesOf(data.path));
  const line = withoutEnd(bytesOf(data.lines));
  const text = shown(line);
  if (type === "context") return [beside(name, { line: data.line_number ?? 0, text })];
  const submatches = data.submatches ?? [];
  const offset = (data.absolute_offset ?? 0) + (submatches[0]?.start ?? 0);
  const parts = submatches.map(({ start, end }) => shown(line.subarray(start, end)));
  return [`${name}:${data.line_number}:${offset}:${text}:${JSON.stringify(parts)}`];
}

function beside(name: string, { line, text }: GrepLine): string {
  return `${name}-${line}-${text}`;
}

function bytesOf(text: Text | undefined): Buffer {
  return text?.bytes === undefined ? Buffer.from(text?.text ?? "") : Buffer.from(text.bytes, "base64");
}

function withoutEnd(line: Buffer): Buffer {
  const end = line.at(-1) === 10 ? line.length - 1 : line.length;
  return line.subarray(0, line[end - 1] === 13 ? end - 1 : end);
}

function shown(bytes: Buffer): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function split(bytes: Buffer, end: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const at = bytes.indexOf(end, from);
    const to = at < 0 ? bytes.length : at;
    parts.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return parts;
}
