/** `orchestrator stop`: gives up an unfinished mission that nobody drives. */
import { EngineError, MissionEngine, Ownership, type Store } from "../engine/index.ts";
import type { Brief } from "../mission/brief.ts";
import { MissionError } from "../mission/error.ts";
import { chosen, drivenElsewhere, unfinished } from "../mission/recovery.ts";
import { COMMON, commandLine, misused } from "./command-line.ts";
import { CliError, ExitCode } from "./exit.ts";
import { openProjectStore } from "./project-store.ts";

const USAGE = `Usage: orchestrator stop [mission] [options]

Gives up an unfinished mission of a project: the newest, or the one that is named. One that an OpenCode drives is stopped
there, with /stop.

Options:
  --dir <folder>  the project; the current folder unless told
  --json          print one JSON object, and nothing else
  --help          show this

Exit codes: 0 stopped, 1 there is none or another process drives it, 2 usage, 3 environment`;

/** Runs the command. @throws CliError */
export async function stop(args: readonly string[]): Promise<number> {
  const { values, positionals } = parsed(args);
  if (values.help === true) {
    console.log(USAGE);
    return ExitCode.Done;
  }
  if (positionals.length > 1) throw misused(`one mission, not ${positionals.length}`, USAGE);
  using store = openProjectStore(values.dir ?? ".");
  const brief = cancelled(store, positionals[0]);
  const { id, objective } = brief;
  console.log(
    values.json === true
      ? JSON.stringify({ id, objective, outcome: "cancelled" })
      : `Mission ${id} is cancelled: ${objective}`,
  );
  return ExitCode.Done;
}

function cancelled(store: Store, id: string | undefined): Brief {
  try {
    const { brief } = chosen(unfinished(store), id);
    const owner = Ownership.claim(store, brief.id);
    if (!(owner instanceof Ownership))
      throw new CliError(ExitCode.Failed, drivenElsewhere(brief, owner.holder));
    using _owner = owner;
    using engine = MissionEngine.open(store, brief.id, {}, { owner });
    engine.submit(Date.now(), [{ type: "cancelled", reason: "stopped from the shell" }]);
    return brief;
  } catch (error) {
    if (!(error instanceof MissionError) && !EngineError.is(error)) throw error;
    throw new CliError(ExitCode.Failed, error.message, { cause: error });
  }
}

function parsed(args: readonly string[]) {
  const options = { ...COMMON, dir: { type: "string" } } as const;
  return commandLine(args, USAGE, { options, allowPositionals: true });
}
