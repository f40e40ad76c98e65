/** The built command line, in the home of a bench. */
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import type { OpenCodeBench } from "../opencode/index.ts";

export const REPOSITORY = resolve(import.meta.dirname, "../..");
export const PLUGIN = join(REPOSITORY, "dist/server.js");

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `orchestrator` in the bench's project, or with another program of it. */
export function orchestrator(
  { home, project }: Pick<OpenCodeBench, "home" | "project">,
  args: readonly string[],
  program = join(REPOSITORY, "dist/cli.js"),
): Promise<Answer> {
  const bin = join(REPOSITORY, "node_modules/.bin");
  const env = { ...home.env, PATH: `${bin}:${home.env["PATH"]}`, PWD: project.dir };
  return new Promise((done) => {
    execFile(process.execPath, [program, ...args], { cwd: project.dir, env }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr }),
    );
  });
}
