import { ScriptedModelError } from "./error.ts";

/** A tool call as an assistant message carries it; `arguments` is JSON text, as on the wire. */
export interface WireToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** One message of a request, reduced to text: parts of a content array are joined with line feeds. */
export interface WireMessage {
  role: string;
  text: string;
  /** Of an assistant message; empty for all others. */
  toolCalls: WireToolCall[];
  /** Of a tool message: the call that it answers. */
  toolCallId?: string;
}

/** A tool as offered to the model. */
export interface OfferedTool {
  name: string;
  description: string;
  /** The JSON Schema of its arguments, as sent. */
  parameters: unknown;
  /** Length of the definition as compact JSON, in UTF-8 bytes. */
  bytes: number;
}

/** The parts of `POST /v1/chat/completions` that a scenario can ask about. */
export interface ChatRequest {
  model: string;
  stream: boolean;
  includeUsage: boolean;
  messages: WireMessage[];
  tools: OfferedTool[];
}

/** A field of a value that came as JSON; `undefined` when there is none or the value is no object. */
function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

const asString = (value: unknown): string => (typeof value === "string" ? value : "");

const asArray = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  return asArray(content)
    .map((part) => field(part, "text"))
    .filter((text) => typeof text === "string")
    .join("\n");
}

function readToolCall(value: unknown): WireToolCall {
  const called = field(value, "function");
  return {
    id: asString(field(value, "id")),
    name: asString(field(called, "name")),
    arguments: asString(field(called, "arguments")),
  };
}

function readMessage(value: unknown, index: number): WireMessage {
  const role = field(value, "role");
  if (typeof role !== "string") {
    throw new ScriptedModelError("bad-request", `messages[${index}] has no role`);
  }
  const message: WireMessage = {
    role,
    text: contentText(field(value, "content")),
    toolCalls: asArray(field(value, "tool_calls")).map(readToolCall),
  };
  const answers = field(value, "tool_call_id");
  if (typeof answers === "string") message.toolCallId = answers;
  return message;
}

function readTool(value: unknown, index: number): OfferedTool {
  const definition = field(value, "function");
  const name = field(definition, "name");
  if (typeof name !== "string") {
    throw new ScriptedModelError("bad-request", `tools[${index}] has no function.name`);
  }
  return {
    name,
    description: asString(field(definition, "description")),
    parameters: field(definition, "parameters"),
    bytes: Buffer.byteLength(JSON.stringify(value)),
  };
}

/**
 * Reads the body of a chat completion request.
 *
 * @throws {ScriptedModelError} `bad-request` when it is not JSON, or not a chat completion request.
 */
export function parseChatRequest(raw: string): ChatRequest {
  let body: unknown;
  try {
    body = JSON.parse(raw);
  } catch (cause) {
    throw new ScriptedModelError("bad-request", `the body is not JSON (${raw.length} characters)`, { cause });
  }
  const messages = field(body, "messages");
  if (!Array.isArray(messages)) {
    throw new ScriptedModelError("bad-request", "the body has no array `messages`");
  }
  return {
    model: asString(field(body, "model")),
    stream: field(body, "stream") === true,
    includeUsage: field(field(body, "stream_options"), "include_usage") === true,
    messages: messages.map(readMessage),
    tools: asArray(field(body, "tools")).map(readTool),
  };
}
