/**
 * What we add to a host: agents, commands, tools, and ears for its events. An adapter translates a
 * {@link Contribution} into its host's plugin contract.
 */
import type * as z from "zod";
import type { Host, HostEvent } from "./host.ts";

/** `allow`, `deny` or `ask`, by permission name, and where the host has them by pattern. */
export type Permissions = Readonly<Record<string, PermissionRule | Readonly<Record<string, PermissionRule>>>>;

/** What happens when an agent wants to use a permission. */
export type PermissionRule = "allow" | "deny" | "ask";

/** An agent to be offered. What the user configured for an agent of that name wins, field by field. */
export interface AgentDefinition {
  readonly name: string;
  readonly description: string;
  readonly mode: "primary" | "subagent";
  readonly prompt: string;
  readonly permissions: Permissions;
}

/** A slash command. A command of the user's with that name is left alone. */
export interface CommandDefinition {
  readonly name: string;
  readonly description: string;
  /** The agent that answers; absent: the one that the host's user has chosen at the moment. */
  readonly agent?: string;
}

/** One use of a slash command of ours. */
export interface CommandCall {
  readonly command: string;
  readonly arguments: string;
  readonly session: string;
}

/** What a command puts before the model, in place of its template. */
export interface CommandReply {
  readonly prompt: string;
}

/** The tool call that a tool is executing. */
export interface ToolCall {
  readonly session: string;
  readonly agent: string;
  readonly signal: AbortSignal;
  /** Shows what the call is doing, on the call itself. */
  progress(title: string, detail?: Readonly<Record<string, unknown>>): void;
  /** Applies the user's permission rules; rejects when the user or a rule refuses. */
  ask(request: {
    readonly permission: string;
    readonly patterns: readonly string[];
    readonly detail?: Readonly<Record<string, unknown>>;
  }): Promise<void>;
}

/** What a tool answers: `output` goes to the model, `title` to the screen. */
export interface ToolAnswer {
  readonly title?: string;
  readonly output: string;
}

/** A tool for the models. The description and the schema are paid for in every request: keep them short. */
export interface ToolDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly name: string;
  readonly description: string;
  readonly parameters: Shape;
  execute(parameters: z.infer<z.ZodObject<Shape>>, call: ToolCall): Promise<ToolAnswer>;
}

/** A tool call, the host's own tools included, before it is carried out. */
export interface ToolUse {
  readonly session: string;
  readonly tool: string;
  /** As the model gave them, not yet checked. */
  readonly parameters: unknown;
}

/** The call of a host's own tool that is carried out by us. */
export interface ReplacementCall {
  /** The project's folder, absolute. */
  readonly directory: string;
  /** The folder of the repository that the project is in; "/" outside of one. */
  readonly worktree: string;
  readonly signal: AbortSignal;
  /** Applies the user's permission rules; rejects when the user or a rule refuses. */
  ask(question: {
    readonly permission: string;
    readonly patterns: readonly string[];
    /** What the user may allow for good. */
    readonly always: readonly string[];
    readonly metadata: Readonly<Record<string, unknown>>;
  }): Promise<void>;
}

/** What such a call answers: the host records all of it, the model sees `output`. */
export interface ReplacementAnswer extends ToolAnswer {
  readonly title: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A tool of the host's that is carried out by us. What models are told of it stays the host's, to the byte. */
export interface Replacement {
  /** The host's name of it. */
  readonly name: string;
  /** The arguments are as the model gave them, not yet checked. */
  execute(args: unknown, call: ReplacementCall): Promise<ReplacementAnswer>;
}

/** Everything that is added to a host for one project. */
export interface Contribution {
  readonly agents: readonly AgentDefinition[];
  readonly commands: readonly CommandDefinition[];
  readonly tools: readonly ToolDefinition[];
  readonly replacements: readonly Replacement[];
  /** A command of ours was used; the turn that follows starts with the answer. */
  onCommand(call: CommandCall): Promise<CommandReply>;
  onEvent(event: HostEvent): void;
  /** A tool is about to be used. Rejecting refuses it; what it rejects with is what the model reads. */
  beforeTool(use: ToolUse): Promise<void>;
  /** What must stand first in a session's system message. `undefined`: not a session of ours, or nothing to add. */
  instructions(session: string): string | undefined;
  /** The host is closing the project. After it nothing of ours runs. */
  dispose(): Promise<void>;
}

/** Makes the contribution for a project, given its host and the options the user set for the plugin. */
export type Contribute = (host: Host, options: unknown) => Promise<Contribution>;
