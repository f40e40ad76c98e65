import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of files that are hard to search, the same at each run; removed by `[Symbol.dispose]`. */
export class Corpus implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "parity-"));
  /**
   * A folder of binary files with much text before the first NUL. How much of it is searched depends on the searcher's
   * buffer, which a long line in another file makes larger: so they are by themselves.
   */
  readonly late = mkdtempSync(join(tmpdir(), "parity-"));

  constructor() {
    const words = wordsFrom(7);
    const prose = (lines: number) =>
      Array.from({ length: lines }, () => Array.from({ length: 9 }, () => words()).join(" ")).join("\n");
    this.#texts(prose);
    this.#bytes(prose);
    this.#rules();
    this.#links();
    for (const bytes of [65_528, 65_536, 65_544, 100_000, 131_072, 160_000, 400_000]) {
      const text = "foo bar\n".repeat(bytes / 8);
      writeFileSync(join(this.late, `after-${bytes}`), Buffer.from(`${text}\0foo\n${text}`));
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.late, { recursive: true, force: true });
    rmSync(this.root, { recursive: true, force: true });
  }

  #texts(prose: (lines: number) => string): void {
    for (let folder = 0; folder < 12; folder++) {
      for (let file = 0; file < 8; file++) {
        const ending = ["ts", "rs", "py", "md", "json", "tsx", "c", "txt"][file];
        this.#write(`src/m${folder}/f${file}.${ending}`, `${prose(20 + 7 * file)}\n`);
      }
    }
    this.#write(
      "code.ts",
      "export function alpha(beta: number): string {\n  return beta.toFixed();\n}\nclass Alpha {}\n",
    );
    this.#write(
      "code.rs",
      'pub fn alpha(beta: u32) -> String {\n    format!("{beta}")\n}\n\nstruct Alpha;\n',
    );
    this.#write(
      "words.txt",
      "foo\nfoobar\nbar foo baz\nfoo_bar\nfoo-bar\nFOO\nFoo.foo\n(foo)\n\n\nfoo foo foo\n",
    );
    this.#write(
      "signs.txt",
      "a.b\naxb\na*b\na+b\n[a]\n(a|b)\n{1,2}\n$HOME ^start\\end\n\ttab\n  two spaces\n",
    );
    this.#write(
      "unicode.txt",
      "größe\nGRÖSSE\nΣίσυφος\nσισυφοσ\n日本語 テキスト\n😀 smile 😀\ne\u0301 combined\nİstanbul\n",
    );
    this.#write("crlf.txt", "foo\r\nbar foo\r\n\r\nlast foo");
    this.#write("no-newline", "foo without an end");
    this.#write("empty", "");
    this.#write("only-newlines", "\n\n\n");
    this.#write("blocks.txt", "begin\n  foo\nend\nbegin\n  bar\n\nend\nbegin end\nfoo\n\nfoo\n");
    // Longer than the searcher's buffer, with matches on both sides of its borders.
    this.#write("long/buffers.txt", `${"x".repeat(61)}foo\n`.repeat(1_500));
    this.#write("long/line.txt", `${"a".repeat(70_000)}foo${"b".repeat(70_000)}\nfoo\n`);
    this.#write("long/many.txt", "foo bar ".repeat(3_000));
    this.#write("with space/a file.txt", "foo in a file with spaces\n");
    this.#write("ünï/日本.txt", "foo in unicode\n");
    this.#write("[brackets]/{braces}.txt", "foo in brackets\n");
    this.#write("-dash.txt", "foo behind a dash\n");
    this.#write("a/b/c/d/e/f/deep.txt", "foo in the deep\n");
  }

  #bytes(prose: (lines: number) => string): void {
    const utf16 = (text: string, bigEndian: boolean) => {
      const bytes = Buffer.from(`\uFEFF${text}`, "utf16le");
      return bigEndian ? bytes.swap16() : bytes;
    };
    this.#write("bytes/utf16le.txt", utf16("foo\ngröße foo 😀\nbar\n", false));
    this.#write("bytes/utf16be.txt", utf16("foo\ngröße foo 😀\nbar\n", true));
    this.#write("bytes/bom.txt", "\uFEFFfoo after a mark\nfoo\n");
    this.#write("bytes/latin1.txt", Buffer.from("caf\xe9 foo\nna\xefve foo\nfoo\n", "latin1"));
    this.#write(
      "bytes/broken.txt",
      Buffer.from([0x66, 0x6f, 0x6f, 0xf0, 0x9f, 0x0a, 0xff, 0xfe, 0x66, 0x6f, 0x6f, 0x0a]),
    );
    this.#write("bytes/binary-early", Buffer.from("foo\0bar\nfoo\n"));
    this.#write("bytes/binary-without-match", Buffer.from("\0\x01\x02"));
    this.#write("bytes/control.txt", Buffer.from("foo\x01\x1b[31mred\x7f\x0c foo\x0b\n"));
    this.#write("bytes/prose.txt", prose(500));
    if (process.platform === "linux") {
      writeFileSync(Buffer.concat([Buffer.from(`${this.root}/bytes/name-`), Buffer.from([0xe9])]), "foo\n");
      this.#write("bytes/name with\nnewline", "foo\n");
    }
  }

  #rules(): void {
    mkdirSync(join(this.root, ".git/info"), { recursive: true });
    this.#write(".git/info/exclude", "excluded.txt\n");
    this.#write(".git/config", "foo\n");
    this.#write(
      ".gitignore",
      "*.log\n/build/\ntarget\n!keep.log\nsrc/m1/*\n!src/m1/f1.rs\n**/cache/**\n# comment\n\\#hash\ntrailing   \n",
    );
    this.#write(".ignore", "*.skip\n!kept.skip\n");
    this.#write(".rgignore", "*.rgskip\n");
    this.#write("src/m2/.gitignore", "*.ts\n!f0.ts\n/f1.*\n");
    this.#write("src/m3/.ignore", "*\n!f2.py\n");
    for (const name of [
      "a.log",
      "keep.log",
      "build/x.txt",
      "deep/build/x.txt",
      "target/x.txt",
      "deep/target",
      "excluded.txt",
    ]) {
      this.#write(name, "foo of rules\n");
    }
    for (const name of [
      "a.skip",
      "kept.skip",
      "a.rgskip",
      "x/cache/y/z.txt",
      "#hash",
      "trailing",
      ".hidden",
      ".dir/file.txt",
    ]) {
      this.#write(name, "foo of rules\n");
    }
    this.#write("nested/.git/HEAD", "ref\n");
    this.#write("nested/.gitignore", "inner.txt\n");
    this.#write("nested/inner.txt", "foo\n");
    this.#write("nested/a.log", "foo\n");
  }

  #links(): void {
    symlinkSync("../words.txt", join(this.root, "a/link.txt"));
    symlinkSync("../src/m4", join(this.root, "a/folder"));
    symlinkSync("../..", join(this.root, "a/b/up"));
    symlinkSync("nowhere", join(this.root, "a/broken"));
    if (process.platform !== "win32") execFileSync("mkfifo", [join(this.root, "a/pipe")]);
  }

  #write(path: string, content: string | Buffer): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** Words that a fixed seed draws. */
function wordsFrom(seed: number): () => string {
  const words =
    "foo bar alpha Beta gamma42 delta_x epsilon-y return function import let the a of x1 0xFF TODO".split(
      " ",
    );
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return words[(state >>> 16) % words.length] ?? "";
  };
}
