/** The slash commands: `/task`, `/stop` with its alias `/cancel`, `/resume`, `/mission`. */
import { EngineError, type Phase } from "../engine/index.ts";
import type { CommandCall, CommandDefinition, CommandReply } from "../host/contribution.ts";
import { MissionError } from "./error.ts";
import { holdingsText } from "./holdings.ts";
import { metricsText } from "./metrics.ts";
import type { Orchestrator } from "./orchestrator.ts";
import { progressLine, progressRows } from "./progress.ts";
import { drivenBy, resumeMessage } from "./recovery.ts";

/** The commands, as the host lists them. */
export const COMMANDS: readonly CommandDefinition[] = [
  { name: "task", description: "Start a mission: planned, done in parallel, verified", agent: "commander" },
  { name: "stop", description: "End the mission at once" },
  { name: "cancel", description: "End the mission at once (as /stop)" },
  { name: "resume", description: "Go on with an unfinished mission", agent: "commander" },
  { name: "mission", description: "Show how the mission stands" },
];

/** Phases in which sessions or checks are at work: a new objective joins the mission and does not end it. */
const UNDER_WAY: ReadonlySet<Phase> = new Set(["running", "verifying", "sealing"]);

type Handler = (orchestrator: Orchestrator, call: CommandCall) => Promise<string>;

const HANDLERS: Readonly<Record<string, Handler>> = { task, stop, cancel: stop, resume, mission: status };

/** Carries out a command. A host can't be kept from the turn that follows it, so every answer is a message to the model. */
export async function onCommand(orchestrator: Orchestrator, call: CommandCall): Promise<CommandReply> {
  const handler = HANDLERS[call.command];
  if (handler === undefined) return { prompt: call.arguments };
  try {
    return { prompt: await handler(orchestrator, call) };
  } catch (error) {
    if (!(error instanceof MissionError) && !EngineError.is(error)) throw error;
    return { prompt: tell(`/${call.command} could not be carried out (${error.code}): ${error.message}`) };
  }
}

async function task(orchestrator: Orchestrator, call: CommandCall): Promise<string> {
  const objective = unquoted(call.arguments);
  if (objective === "")
    return tell('/task needs an objective, for example: /task "add a login page with tests"');
  const live = orchestrator.live;
  if (live?.brief.session === call.session && UNDER_WAY.has(live.snapshot.phase)) {
    return `While the mission runs, the user adds: ${objective}\n\nPlan it with submit_plan and call run_mission.`;
  }
  await orchestrator.open(objective, call.session);
  const note = orchestrator.takeSetAside();
  return note === undefined ? objective : `${objective}\n\nTell the user first, as it stands: ${note}`;
}

async function stop(orchestrator: Orchestrator, call: CommandCall): Promise<string> {
  const live = orchestrator.live ?? (await orchestrator.left(call.session));
  if (live === undefined) return tell("There is no mission to stop.");
  live.submit({ type: "cancelled", reason: "stopped by the user" });
  return tell(`The mission was stopped by the user. It stood at: ${progressLine(live.snapshot)}.`);
}

async function resume(orchestrator: Orchestrator, call: CommandCall): Promise<string> {
  const id = call.arguments.trim();
  const before = orchestrator.leader(id === "" ? undefined : id);
  const { brief, snapshot } = await orchestrator.resume(call.session, id === "" ? undefined : id);
  return resumeMessage(brief, snapshot, before === call.session);
}

async function status(orchestrator: Orchestrator): Promise<string> {
  const shown = orchestrator.mission ?? orchestrator.elsewhere();
  if (shown === undefined)
    return tell('There is no mission in this session of OpenCode. /task "…" starts one.');
  const { snapshot, brief } = shown;
  const outcome = orchestrator.mission?.outcome;
  const rows = progressRows(snapshot).map(({ id, state, title }) => `${state}\t${id}\t${title}`);
  const text = [
    `Mission ${brief.id}: ${brief.objective}`,
    ...("holder" in shown ? [drivenBy(shown)] : []),
    outcome === undefined ? progressLine(snapshot) : `over: ${outcome} · ${progressLine(snapshot)}`,
    ...rows,
    metricsText(snapshot, Date.now()),
    ...("holdings" in shown ? [holdingsText(shown.holdings)] : []),
  ].join("\n");
  return tell(text);
}

/** A message that is for the user; the model only hands it on. */
function tell(text: string): string {
  return `Tell the user this, as it stands, and do nothing else:\n\n${text}`;
}

/** `opencode run` quotes an argument that has spaces, and users quote by habit; the objective is what is inside. */
function unquoted(text: string): string {
  const trimmed = text.trim();
  const inside = /^"((?:[^"\\]|\\.)*)"$/s.exec(trimmed)?.[1];
  return (inside?.replace(/\\(["\\])/g, "$1") ?? trimmed).trim();
}
