import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { ChatRequest, WireMessage } from "./request.ts";

/** What a request is for. OpenCode asks for titles and summaries beside the conversation itself. */
export type RequestKind = "chat" | "title" | "compaction";

/** The result of a tool call that the model made in its last turn. */
export interface ToolResult {
  id: string;
  name: string;
  content: string;
}

/** One request, as a scenario sees it: who asks, in which session, what was said last. */
export interface Turn {
  request: ChatRequest;
  role: string;
  kind: RequestKind;
  /** The client's session id, or a hash of the conversation's beginning when no header names one. */
  sessionKey: string;
  /** The session that started this one, when the client says so. */
  parentKey: string | undefined;
  /** Which request of this kind it is in its session, from 1. A retried request counts again. */
  number: number;
  /** All system messages, joined with line feeds. */
  system: string;
  /** Text of the newest user message; empty when there is none. */
  lastUser: string;
  /** Results that came after the newest assistant message. */
  toolResults: ToolResult[];
  /** Names of the tools offered. */
  offeredTools: string[];
}

/** Names the role behind a request; `undefined` leaves the answer to {@link defaultRole}. */
export type Classifier = (request: ChatRequest) => string | undefined;

/** The first row whose tool is offered names the role: a role's terminal tool is its mark. */
const ROLE_BY_TOOL: readonly (readonly [tool: string, role: string])[] = [
  ["run_mission", "commander"],
  ["report_task", "worker"],
  ["review_task", "reviewer"],
  ["submit_plan", "planner"],
];

/**
 * The role by the tools offered; without one of ours, `build` for OpenCode's own agents with tools,
 * and `none` for a request with no tools at all.
 */
export function defaultRole(request: ChatRequest): string {
  const offered = new Set(request.tools.map((tool) => tool.name));
  for (const [tool, role] of ROLE_BY_TOOL) if (offered.has(tool)) return role;
  return offered.size > 0 ? "build" : "none";
}

const systemText = (messages: readonly WireMessage[]): string =>
  messages
    .filter((message) => message.role === "system")
    .map((message) => message.text)
    .join("\n");

/** Title and summary requests are known by OpenCode's own prompts for them; they offer no tools. */
export function requestKind(request: ChatRequest): RequestKind {
  if (request.tools.length > 0) return "chat";
  const system = systemText(request.messages);
  if (system.startsWith("You are a title generator")) return "title";
  if (system.startsWith("You are a context summarization agent")) return "compaction";
  return "chat";
}

const firstHeader = (headers: IncomingHttpHeaders, ...names: string[]): string | undefined => {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
};

function sessionKey(headers: IncomingHttpHeaders, request: ChatRequest): string {
  const named = firstHeader(headers, "x-session-id", "x-session-affinity", "x-opencode-session");
  if (named !== undefined) return named;
  const firstUser = request.messages.find((message) => message.role === "user")?.text ?? "";
  const beginning = `${systemText(request.messages)}\0${firstUser}`;
  return `unnamed-${createHash("sha256").update(beginning).digest("hex").slice(0, 12)}`;
}

function resultsOfThisTurn(messages: readonly WireMessage[]): ToolResult[] {
  const asked = messages.findLastIndex((message) => message.role === "assistant");
  const names = new Map(messages[asked]?.toolCalls.map((call) => [call.id, call.name]));
  return messages
    .slice(asked + 1)
    .filter((message) => message.role === "tool")
    .map((message) => {
      const id = message.toolCallId ?? "";
      return { id, name: names.get(id) ?? "", content: message.text };
    });
}

/** Numbers the requests of each session and kind, and describes each as a {@link Turn}. */
export class TurnReader {
  readonly #classify: Classifier;
  readonly #seen = new Map<string, number>();

  constructor(classify: Classifier = () => undefined) {
    this.#classify = classify;
  }

  read(request: ChatRequest, headers: IncomingHttpHeaders): Turn {
    const key = sessionKey(headers, request);
    const kind = requestKind(request);
    const counted = `${kind} ${key}`;
    const number = (this.#seen.get(counted) ?? 0) + 1;
    this.#seen.set(counted, number);
    return {
      request,
      role: this.#classify(request) ?? defaultRole(request),
      kind,
      sessionKey: key,
      parentKey: firstHeader(headers, "x-parent-session-id"),
      number,
      system: systemText(request.messages),
      lastUser: request.messages.findLast((message) => message.role === "user")?.text ?? "",
      toolResults: resultsOfThisTurn(request.messages),
      offeredTools: request.tools.map((tool) => tool.name),
    };
  }
}
