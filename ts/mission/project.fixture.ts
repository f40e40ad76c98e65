/** Projects with a mission in them, on a host in memory, and agents to play in them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type FakeAgent, FakeHost } from "../host/fake.ts";
import { contribute } from "./contribution.ts";

/** The session that the user talks to. */
export const USER = "user-session";
/** Run after each test, the last first. */
export const cleanUp: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** A project in a temporary folder, with a mission already opened in it. */
export async function project(agents: Readonly<Record<string, FakeAgent>>, options: unknown = {}) {
  const directory = await mkdtemp(join(tmpdir(), "mission-"));
  const host = new FakeHost(directory, { reviewer: approve, ...agents });
  host.open(USER);
  let contribution = await host.start(contribute, options);
  cleanUp.push(
    () => rm(directory, { recursive: true, force: true }),
    () => contribution.dispose(),
  );
  const commander = async (tool: string, parameters: unknown = {}, signal?: AbortSignal) =>
    (await host.call(USER, "commander", tool, parameters, signal)).output;
  return {
    host,
    directory,
    commander,
    task: (text: string) => host.command(USER, "task", text),
    prompts: (agent: string) => host.prompts.filter((prompt) => prompt.agent === agent),
    /** OpenCode is closed and opened again. */
    async restart() {
      await contribution.dispose();
      contribution = await host.start(contribute, options);
    },
  };
}

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));

/** A turn that goes on until it is stopped. */
export const hang: FakeAgent = async ({ signal }) => {
  await aborted(signal);
  throw new Error("aborted");
};

export const approve: FakeAgent = async ({ call }) => {
  await call("review_task", { verdict: "approve" });
  return "approved";
};

export const done: FakeAgent = async ({ call }) => {
  await call("report_task", { status: "done", summary: "done" });
  return "done";
};

/** The task that a worker was given: its first message names it. */
export const taskOf = (text: string) =>
  /^Task ([\w-]+):/.exec(text)?.[1] ?? /task ([\w-]+)\b/.exec(text)?.[1] ?? "?";

export const task = (id: string, more: object = {}) => ({
  id,
  title: `Title of ${id}`,
  prompt: `Do ${id}`,
  ...more,
});
