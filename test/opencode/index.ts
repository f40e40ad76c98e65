/**
 * Real OpenCode for tests: isolated home, real project, scripted model.
 *
 * ```ts
 * await using model = await startScriptedModel({ respond: () => say("hello") });
 * await using bench = await openCode({ model, plugin: "/absolute/path/to/server.js" });
 * const { code, stdout } = await bench.run("add auth", { command: "task" });
 * ```
 */
export { type BenchOptions, type OpenCodeBench, openCode } from "./bench.ts";
export { type OpenCodeConfig, SCRIPTED } from "./config.ts";
export type { Home } from "./home.ts";
export type { Ended, LiveProcess, ProcessGroup } from "./process-group.ts";
export type { Project } from "./project.ts";
export type { RunOptions } from "./run.ts";
export type { OpenCodeServer, PromptOptions, ServerEvent } from "./serve.ts";
export { type OpenCodeTui, type TuiOptions, tuiUnavailable } from "./tui.ts";
