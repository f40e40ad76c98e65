/** What keeps a session going besides its task's prompts: the commander's continuation, and compaction. */
import type { Command, Event } from "../engine/index.ts";
import type { Host } from "../host/host.ts";

/** Carries out a command that keeps a session going; gives what became of it, for the engine. */
export async function keepGoing(
  host: Host,
  command: Extract<Command, { type: "compact" | "continue" }>,
): Promise<Event> {
  return command.type === "compact" ? uncompacted(command) : continueCommander(host, command);
}

/** Prompts the commander, as the agent and with the model that its session has. */
async function continueCommander(
  host: Host,
  { edge, session, reason }: Extract<Command, { type: "continue" }>,
): Promise<Event> {
  try {
    const { agent = "commander", model } = (await host.facts(session)) ?? {};
    await host.prompt({ session, agent, text: reason, ...(model === undefined ? {} : { model }) });
  } catch (error) {
    return { type: "continue_failed", edge, message: String(error) };
  }
  return { type: "continue_accepted", edge };
}

/** The answer of a host that compacts no session: the engine then gives the next attempt a session of its own. */
function uncompacted({ lease, turn }: Extract<Command, { type: "compact" }>): Event {
  const message = "the context is full, and this host can't compact a session";
  return { type: "session_error", lease, turn, kind: "context_overflow", message };
}
