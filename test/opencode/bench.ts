import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConfigOptions, writeConfig } from "./config.ts";
import { createHome, type Home } from "./home.ts";
import {
  type Ended,
  killMarked,
  type LiveProcess,
  markedProcesses,
  type ProcessGroup,
} from "./process-group.ts";
import { createProject, type Project, type ProjectOptions } from "./project.ts";
import { type RunOptions, startRun } from "./run.ts";
import { type OpenCodeServer, serve } from "./serve.ts";
import { type OpenCodeTui, type TuiOptions, tui } from "./tui.ts";

export interface BenchOptions extends ConfigOptions, Omit<ProjectOptions, "env"> {
  /** Laid over the environment of everything that the bench starts. */
  env?: Readonly<Record<string, string>>;
}

/** Real OpenCode with a home and a project of its own, talking to a scripted model. */
export interface OpenCodeBench extends AsyncDisposable {
  readonly home: Home;
  readonly project: Project;
  /** A second project beside the first one. */
  addProject(name: string, options?: Omit<ProjectOptions, "env">): Promise<Project>;
  /**
   * Writes the config anew: the next start of OpenCode takes it. The same bench with another plugin
   * sends requests that can be compared byte by byte, for folder and model are the same.
   */
  configure(options: Omit<ConfigOptions, "model">): Promise<void>;
  /** `opencode run` to its end. */
  run(prompt: string, options?: RunOptions): Promise<Ended>;
  /** `opencode run`, to be interrupted. */
  start(prompt: string, options?: RunOptions): Promise<ProcessGroup>;
  /** `opencode serve`, ready for requests. */
  serve(options?: { cwd?: string }): Promise<OpenCodeServer>;
  /** OpenCode's terminal UI; see `tuiUnavailable` first. */
  tui(options?: TuiOptions): Promise<OpenCodeTui>;
  /** Everything alive that this bench started, grandchildren included. */
  processes(): Promise<LiveProcess[]>;
  /** OpenCode's own log so far. */
  log(): Promise<string>;
  /** Ends every process and removes every file. `KEEP=1` in the environment keeps the files. */
  dispose(): Promise<void>;
}

/** Sets up real OpenCode in a temporary folder. Nothing is started yet. */
export async function openCode(options: BenchOptions): Promise<OpenCodeBench> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "opencode-bench-")));
  const mark = randomUUID();
  const home = await createHome(root, mark, options.env);
  const project = await createProject(join(root, "project"), { ...options, env: home.env });
  await writeConfig(home, options);
  const place = { cwd: project.dir, env: home.env };

  const started: { stop(grace?: number): Promise<unknown> }[] = [];
  const keep = async <T extends { stop(grace?: number): Promise<unknown> }>(
    starting: Promise<T>,
  ): Promise<T> => {
    const one = await starting;
    started.push(one);
    return one;
  };

  async function dispose(): Promise<void> {
    await Promise.all(started.splice(0).map((one) => one.stop(0)));
    await killMarked(mark);
    if (process.env["KEEP"] === "1") console.info(`kept: ${root}`);
    else await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  return {
    home,
    project,
    addProject: (name, projectOptions) =>
      createProject(join(root, name), { ...projectOptions, env: home.env }),
    configure: (configOptions) => writeConfig(home, { ...configOptions, model: options.model }),
    run: async (prompt, runOptions) => (await keep(startRun(place, prompt, runOptions))).ended,
    start: (prompt, runOptions) => keep(startRun(place, prompt, runOptions)),
    serve: (serveOptions) => keep(serve({ ...place, ...serveOptions })),
    tui: (tuiOptions) => keep(tui(place, join(root, "tmp"), tuiOptions)),
    processes: () => markedProcesses(mark),
    async log() {
      const dir = join(home.dataDir, "log");
      const names = (await readdir(dir)).sort();
      const logs = await Promise.all(names.map((name) => readFile(join(dir, name), "utf8")));
      return logs.join("");
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
