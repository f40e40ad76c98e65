/** `background`: commands that run on while their caller does other things. */
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import * as z from "zod";
import type { ToolCall, ToolDefinition } from "../../host/contribution.ts";
import type { BackgroundCommand, Owner } from "../background.ts";
import { projectPath } from "../changes.ts";
import { MissionError } from "../error.ts";
import type { Mission } from "../mission.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { guarded, only } from "./guard.ts";
import { leaseFor } from "./lease.ts";

const TIMEOUT_MS = 1_800_000;

const parameters = {
  action: z.enum(["run", "check", "list", "kill"]),
  command: z.string().min(1).optional(),
  cwd: z.string().optional(),
  timeout_ms: z.int().min(1000).max(86_400_000).optional(),
  id: z.string().optional(),
};

export function background(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "background",
    description: "Run a shell command in the background (a server, a long build); it ends with your task.",
    parameters,
    async execute({ action, command, cwd, timeout_ms, id }, call) {
      only(["commander", "worker"], "background", call);
      const { mission, owner } = ownerOf(orchestrator, call);
      if (action === "list") {
        const all = mission.background.list(owner);
        return { output: all.length === 0 ? "None." : all.map(headOf).join("\n") };
      }
      if (action === "check") return answer(mission.background.check(owner, given("id", id)));
      if (action === "kill") return answer(mission.background.kill(owner, given("id", id)));
      const text = given("command", command);
      const folder = await folderOf(mission.placeOf(call.session).directory, cwd);
      await call.ask({ permission: "bash", patterns: [text], detail: { command: text, background: true } });
      // The question may have been open for long: whoever asked may be over by now.
      if (ownerOf(orchestrator, call).owner !== owner)
        throw new MissionError("ERR_NO_MISSION", "the task has ended meanwhile: nothing was started");
      const timeoutMs = timeout_ms ?? TIMEOUT_MS;
      return answer(mission.background.run(text, { owner, cwd: folder, timeoutMs }));
    },
  });
}

function ownerOf(orchestrator: Orchestrator, call: ToolCall): { mission: Mission; owner: Owner } {
  if (call.agent !== "commander") {
    const { mission, lease } = leaseFor(orchestrator, call);
    return { mission, owner: lease };
  }
  const mission = orchestrator.missionOf(call.session);
  if (mission.brief.session !== call.session || mission.outcome !== undefined)
    throw new MissionError("ERR_NO_MISSION", "this session leads no mission that goes on");
  return { mission, owner: "commander" };
}

function given(name: string, value: string | undefined): string {
  if (value === undefined) throw new MissionError("ERR_ARGUMENTS", `${name} is missing`);
  return value;
}

/** The folder to run in, links followed: one that leads out of the project is outside of it. */
async function folderOf(directory: string, cwd = "."): Promise<string> {
  const root = await realpath(directory);
  const folder = await realpath(resolve(directory, cwd)).catch(() => undefined);
  if (folder === undefined) throw new MissionError("ERR_ARGUMENTS", `cwd ${cwd} does not exist`);
  if (folder !== root && projectPath(root, folder) === undefined)
    throw new MissionError("ERR_ARGUMENTS", `cwd ${cwd} is outside of the project`);
  return folder;
}

function answer(command: BackgroundCommand): { title: string; output: string } {
  const head = headOf(command);
  return { title: head, output: command.output === "" ? head : `${head}\n${command.output}` };
}

const STATES: Readonly<Record<Exclude<BackgroundCommand["state"], "exited">, string>> = {
  running: "running",
  timed_out: "ended: it ran longer than timeout_ms",
  killed: "killed",
  not_started: "could not be started",
};

function headOf({ id, command, state, code, durationMs }: BackgroundCommand): string {
  const how = state === "exited" ? (code === null ? "ended by a signal" : `exit ${code}`) : STATES[state];
  return `${id}: ${how}, ${(durationMs / 1000).toFixed(1)} s: ${command}`;
}
