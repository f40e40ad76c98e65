/**
 * What a session of a mission may not do with a tool, checked before the tool runs. Permissions keep most of it out of
 * a role's requests already; this is the guard behind them, for users' own rules, for `bash`, and for the files of a
 * task. Every check throws to refuse, and what it throws is what the model reads.
 */
import { agentNamed } from "../agents/agents.ts";
import { outsideScope, type TaskState, type TaskView } from "../engine/index.ts";
import type { ToolUse } from "../host/contribution.ts";
import { EDIT_TOOLS } from "../host/edit-tools.ts";
import { MissionError } from "./error.ts";
import { type Hook, Hooks } from "./hooks.ts";
import { type Writes, writesOf } from "./writes.ts";

/** Who wants to use a tool, as far as a mission knows. */
export type Caller =
  | { readonly kind: "commander" }
  | { readonly kind: "agent"; readonly agent: string; readonly task?: TaskView }
  /** A session of a lease that has ended: nobody waits for what it does. */
  | { readonly kind: "former" };

/** One use of a tool by a session of a mission. */
export interface GuardedUse {
  readonly use: ToolUse;
  readonly caller: Caller;
  /** What it would change. */
  readonly writes: Writes;
  /** The tasks of the mission as they stand. */
  tasks(): readonly TaskView[];
  /** Whether an edit outside a task's files is refused or only told of. */
  readonly scope: "enforce" | "warn";
  /** Tells of what is let through with a warning. */
  warn(message: string): void;
}

/** What we keep in a project: nobody's work. */
const OURS = ".orchestrator";
/** What of it no session may change: the mission's own record. */
const RECORD = `${OURS}/state`;

/** What the guards of a mission need to know of it. */
export interface ToolGuardParts {
  readonly scope: GuardedUse["scope"];
  /** Who a session is to the mission; `undefined`: nobody. */
  callerOf(session: string): Caller | undefined;
  /** Where a session works. */
  folderOf(session: string): string;
  tasks(): readonly TaskView[];
  warn(message: string): void;
}

/** Checks every use of a tool by a session of one mission. */
export class ToolGuard {
  readonly #parts: ToolGuardParts;
  readonly #hooks: Hooks<GuardedUse>;

  constructor(parts: ToolGuardParts) {
    this.#parts = parts;
    // Every one of them is a guard: none is ever passed over.
    this.#hooks = new Hooks(TOOL_GUARDS, (name, error) => parts.warn(`${name}: ${String(error)}`));
  }

  /** Rejects where the session may not use the tool as it is about to. */
  async check(use: ToolUse): Promise<void> {
    const { scope, callerOf, folderOf, tasks, warn } = this.#parts;
    const caller = callerOf(use.session);
    if (caller === undefined) return;
    const directory = folderOf(use.session);
    const writes = writesOf(directory, use.tool, use.parameters);
    await this.#hooks.run({ use, caller, writes, tasks, scope, warn });
  }
}

const AT_WORK: ReadonlySet<TaskState> = new Set(["running", "verifying", "reviewing"]);

/** The guards, in the form in which they are run before each use. */
export const TOOL_GUARDS: readonly Hook<GuardedUse>[] = [
  { name: "ended", phase: "early", guard: true, run: ended },
  { name: "role", phase: "early", guard: true, after: ["ended"], run: role },
  { name: "record", guard: true, run: record },
  { name: "destructive", guard: true, after: ["record"], run: destructive },
  { name: "scope", guard: true, after: ["destructive"], run: scope },
];

function ended({ use, caller }: GuardedUse): void {
  if (caller.kind === "former")
    throw new MissionError("ERR_NO_MISSION", `this session's work is over, so ${use.tool} was not run: stop`);
}

/** A role that may not edit may not write by another tool either, and nobody who is sent may send others. */
function role({ use, caller, writes }: GuardedUse): void {
  if (caller.kind !== "agent") return;
  const { agent } = caller;
  if (use.tool === "task")
    throw new MissionError(
      "ERR_WRONG_AGENT",
      `${agent} can't delegate: do the work yourself, or report what is missing`,
    );
  if (agentNamed(agent)?.permissions["edit"] !== "deny") return;
  const { files, destructive: commands } = writes;
  if (isEditTool(use.tool) || files.length > 0 || commands.length > 0)
    throw new MissionError(
      "ERR_WRONG_AGENT",
      `${agent} changes no files, and ${use.tool} would change ${[...files, ...commands].join(", ") || "some"}: say what has to change instead`,
    );
}

/** The gate's own files are out of reach of those whom it judges. */
function record({ caller, writes }: GuardedUse): void {
  const kept = caller.kind === "commander" ? RECORD : OURS;
  const touched = writes.files.filter((path) => path === kept || path.startsWith(`${kept}/`));
  if (touched.length > 0)
    throw new MissionError(
      "ERR_SCOPE",
      `${touched.join(", ")} is the mission's own record, and only the engine writes it`,
    );
}

/** Others work in the same folder: what git would throw away or move is theirs, too. */
function destructive({ caller, writes }: GuardedUse): void {
  if (caller.kind !== "agent") return;
  const commands = writes.destructive;
  if (commands.length > 0)
    throw new MissionError(
      "ERR_SCOPE",
      `"${commands.join('", "')}" would discard or move work that others have under way in this folder: undo your own changes by editing, and leave commits to the user`,
    );
}

/** A task changes the files it declares; one that declares none keeps off those of the tasks at work. */
function scope(guarded: GuardedUse): void {
  const { caller, tasks, writes } = guarded;
  if (caller.kind !== "agent" || caller.task === undefined) return;
  const { task } = caller;
  const { files } = writes;
  const message = task.files.length > 0 ? beyond(task, files) : taken(task, files, tasks());
  if (message === undefined) return;
  if (guarded.scope === "warn") guarded.warn(`task ${task.id}: ${message}`);
  else throw new MissionError("ERR_SCOPE", message);
}

function beyond(task: TaskView, files: readonly string[]): string | undefined {
  const outside = outsideScope(task.files, files);
  if (outside.length === 0) return undefined;
  return `${outside.join(", ")} is outside the files of this task (${task.files.join(", ")}). Ask for it with request_scope and a reason, or do without it`;
}

function taken(task: TaskView, files: readonly string[], tasks: readonly TaskView[]): string | undefined {
  for (const other of tasks) {
    if (other.id === task.id || !AT_WORK.has(other.state) || other.files.length === 0) continue;
    const outside = new Set(outsideScope(other.files, files));
    const theirs = files.filter((path) => !outside.has(path));
    if (theirs.length > 0)
      return `${theirs.join(", ")} belongs to task ${other.id}, which is at work on it. Do without it, or report "blocked"`;
  }
  return undefined;
}

function isEditTool(tool: string): boolean {
  return EDIT_TOOLS.some((name) => name === tool);
}
