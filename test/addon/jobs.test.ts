import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import {
  checkSyntax,
  checkSyntaxJob,
  EngineError,
  glob,
  globJob,
  grep,
  grepJob,
  type JobStatistics,
  jobStatistics,
} from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { inProcess } from "./process.ts";
import { differences, type Fields } from "./shapes.ts";

/** Parsed, it takes seconds. */
const LARGE = "export const a = [1, { b: `c` }, (d: string) => d];\n".repeat(20_000);
const PATIENT = { maxBytes: LARGE.length, timeLimitMs: 60_000 };

const STATISTICS: Fields<JobStatistics> = {
  pending: "needed",
  held: "needed",
  finished: "needed",
  bytes: "needed",
  threads: "needed",
  waiting: "needed",
  running: "needed",
};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Whatever a test left is noticed and gone. */
afterEach(() => until(() => jobStatistics().running === 0));

test("a job gives what the call gives, also for a changed file and for a language that is not known", async () => {
  for (const [path, source, options] of [
    ["a.ts", "const a = {\n", {}],
    ["a.py", "def a():\n    pass\n", {}],
    ["a.js", "let a = ;\nlet b = ;\n", { before: "let a = ;\n" }],
    ["a.unknown", "?", {}],
  ] as const) {
    expect(await checkSyntaxJob(path, source, options), path).toEqual(checkSyntax(path, source, options));
  }
});

test("many jobs at once each get their own result", async () => {
  const sources = Array.from({ length: 300 }, (_, line) => `${"\n".repeat(line)}const a = ;\n`);
  const reports = await Promise.all(sources.map((source) => checkSyntaxJob("a.ts", source)));
  expect(reports.map((report) => report?.errors[0]?.line)).toEqual(sources.map((_, line) => line + 1));
});

test("bytes may be changed as soon as the job is submitted", async () => {
  const source = Buffer.from("fn a() {}");
  const job = checkSyntaxJob("a.rs", source);
  source.fill("(");
  expect((await job)?.errors).toEqual([]);
});

test("the work's own error comes with its code", async () => {
  await expect(Promise.resolve(checkSyntaxJob("a.ts", "a\0b"))).rejects.toMatchObject({
    code: "ERR_SYNTAX_NOT_TEXT",
  });
  const limits = { timeLimitMs: 1, maxBytes: LARGE.length };
  await expect(Promise.resolve(checkSyntaxJob("a.ts", LARGE, limits))).rejects.toMatchObject({
    code: "ERR_SYNTAX_TIMED_OUT",
  });
});

test("the event loop turns while a job runs", async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  await checkSyntaxJob("a.ts", LARGE, PATIENT);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(20);
});

describe("a job that is not wanted any more", () => {
  test("rejects at once with the signal's reason, and its thread stops", async () => {
    const controller = new AbortController();
    const job = checkSyntaxJob("a.ts", LARGE, { ...PATIENT, signal: controller.signal });
    await until(() => jobStatistics().running === 1);
    const reason = new Error("the user pressed Escape");
    controller.abort(reason);
    await expect(Promise.resolve(job)).rejects.toBe(reason);
    expect(jobStatistics()).toMatchObject({ pending: 0, finished: 0, bytes: 0 });
    await until(() => jobStatistics().running === 0);
  });

  test("is not begun when its signal was aborted before", async () => {
    const job = checkSyntaxJob("a.ts", LARGE, { ...PATIENT, signal: AbortSignal.abort("gone") });
    expect(jobStatistics()).toMatchObject({ pending: 0, running: 0 });
    await expect(Promise.resolve(job)).rejects.toBe("gone");
  });

  test("is cancelled by disposal, without a rejection that nobody hears", async () => {
    {
      using job = checkSyntaxJob("a.ts", LARGE, PATIENT);
      expect(job).toBeDefined();
      expect(jobStatistics().pending).toBe(1);
    }
    expect(jobStatistics().pending).toBe(0);
    const job = checkSyntaxJob("a.ts", LARGE, PATIENT);
    job.cancel();
    job.cancel();
    await expect(Promise.resolve(job)).rejects.toMatchObject({ code: "ERR_CANCELLED" });
  });

  test("keeps its result when it was done before", async () => {
    using job = checkSyntaxJob("a.ts", "const a = ;");
    expect((await job)?.errors).toHaveLength(1);
    job.cancel();
    expect((await job)?.errors).toHaveLength(1);
  });
});

describe("a job's limits", () => {
  test("its time is over, also while it waits for a thread", async () => {
    const jobs = Array.from({ length: 8 }, () =>
      checkSyntaxJob("a.ts", LARGE, { ...PATIENT, timeoutMs: 20 }),
    );
    for (const outcome of await Promise.allSettled(jobs)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_JOB_TIMED_OUT" } });
    }
  });

  test("its result is too large", async () => {
    await expect(
      Promise.resolve(checkSyntaxJob("a.ts", "const a = ;", { maxResultBytes: 10 })),
    ).rejects.toMatchObject({
      code: "ERR_JOB_TOO_LARGE",
    });
  });

  test("jobs whose results have no room beside the others' wait for it", async () => {
    const most = { ...PATIENT, maxResultBytes: 33 << 20 };
    const jobs = Array.from({ length: 5 }, () => checkSyntaxJob("a.ts", "const a = ;", most));
    expect(jobStatistics()).toMatchObject({ pending: 5, held: 4 });
    for (const report of await Promise.all(jobs)) expect(report?.errors).toHaveLength(1);
    expect(jobStatistics()).toMatchObject({ pending: 0, held: 0, bytes: 0 });
  });

  test("a result that has no room by itself is refused before anything is done", async () => {
    const more = { maxResultBytes: (64 << 20) + 1 };
    await expect(Promise.resolve(checkSyntaxJob("a.ts", "1", more))).rejects.toMatchObject({
      code: "ERR_JOBS_FULL",
    });
  });

  test("more jobs than may wait are refused", async () => {
    // No machine has more threads for them than four.
    const blocking = Array.from({ length: 4 }, () => checkSyntaxJob("a.ts", LARGE, PATIENT));
    const jobs = Array.from({ length: 1_030 }, () => checkSyntaxJob("a.ts", "1"));
    const last = await Promise.allSettled(jobs.slice(1_025));
    for (const job of [...blocking, ...jobs]) job.cancel();
    expect(
      last.map((one) => one.status === "rejected" && EngineError.is(one.reason, "ERR_JOBS_FULL")),
    ).toEqual(Array(5).fill(true));
  });

  test("an unknown one is refused", async () => {
    const wrong = { timeoutMs: 1.5 };
    await expect(Promise.resolve(checkSyntaxJob("a.ts", "1", wrong))).rejects.toMatchObject({
      code: "ERR_INVALID_INPUT",
    });
  });
});

test("the statistics have the fields of their type", () => {
  expect(differences("JobStatistics", STATISTICS, [jobStatistics()])).toEqual([]);
});

describe("a process", () => {
  const START = `const { checkSyntaxJob, jobStatistics } = await import(engine);
    const LARGE = "export const a = [1, { b: \`c\` }, (d: string) => d];\\n".repeat(20_000);
    const options = { maxBytes: LARGE.length, timeLimitMs: 60_000 };`;

  test("ends by itself when nothing is pending", async () => {
    expect(await inProcess(`${START} console.log((await checkSyntaxJob("a.ts", "1")).errors.length);`)).toBe(
      "0",
    );
  });

  test("waits for a job that somebody awaits", async () => {
    const script = `${START} checkSyntaxJob("a.ts", LARGE, options).then(() => console.log("done"));`;
    expect(await inProcess(script)).toBe("done");
  });

  test("ends cleanly in the middle of jobs", async () => {
    const script = `${START} for (let i = 0; i < 8; i++) checkSyntaxJob("a.ts", LARGE, options);
      setTimeout(() => { console.log(jobStatistics().running > 0); process.exit(0); }, 30);`;
    expect(await inProcess(script)).toBe("true");
  });
});

describe("a worker that is ended in the middle of jobs leaves the process well, 20 of 20 times", () => {
  const FIXTURE = fileURLToPath(new URL("./fixtures/ended-workers.mjs", import.meta.url));
  const BUN = fileURLToPath(new URL("../../node_modules/bun/bin/bun.exe", import.meta.url));
  const run = promisify(execFile);

  test.each([
    ["Node", process.execPath],
    ["Bun", BUN],
  ])(
    "in %s",
    async (_, program) => {
      expect(existsSync(program), program).toBe(true);
      const { stdout } = await run(program, [FIXTURE, "20"], { timeout: 110_000 });
      expect(stdout.trim()).toBe("20 of 20; all threads are free");
    },
    120_000,
  );
});

describe("a search as a job", () => {
  const HERE = fileURLToPath(new URL("../../ts", import.meta.url));

  test("gives what the call gives, and counts while it runs", async () => {
    const job = grepJob("import .* from", HERE);
    const { counts: _, ...report } = await job;
    const { counts: __, ...called } = grep("import .* from", HERE);
    expect(report).toEqual(called);
    expect(job.progress()).toBeUndefined();
    const { counts: ___, ...listed } = await globJob("*.ts", HERE);
    const { counts: ____, ...list } = glob("*.ts", HERE);
    expect(listed).toEqual(list);
  });

  test("joins what crossed in parts", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("many.txt"), "match\n".repeat(5_000));
    writeFileSync(folder.file("one.txt"), "match\n");
    const { files } = await grepJob("match", folder.path);
    expect(files.map(({ path, matches }) => [path, matches.length])).toEqual([
      ["many.txt", 5_000],
      ["one.txt", 1],
    ]);
    expect(files[0]?.matches.map(({ line }) => line)).toEqual(
      Array.from({ length: 5_000 }, (_, at) => at + 1),
    );
  });

  test("is stopped by its signal, and refused for a bad pattern", async () => {
    const job = grepJob("x", HERE, { signal: AbortSignal.abort("enough") });
    await expect(Promise.resolve(job)).rejects.toBe("enough");
    await expect(Promise.resolve(grepJob("foo(", HERE))).rejects.toMatchObject({
      code: "ERR_SEARCH_INVALID_PATTERN",
      details: { column: 4, said: expect.stringContaining("unclosed group") },
    });
  });

  test("tells lines as they are, where it is asked to", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("a.txt"), "one\r\ntwo");
    const { files } = await grepJob("o", folder.path, { lines: "raw" });
    expect(files[0]?.matches.map(({ text }) => text)).toEqual(["one\r\n", "two"]);
  });
});
