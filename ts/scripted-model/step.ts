/** What a tool is called with: a value that becomes JSON. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** Token counts of a reply. What is left out is estimated from the text at 4 bytes a token. */
export interface Usage {
  promptTokens?: number;
  completionTokens?: number;
  /** Part of `promptTokens` that the provider had in its cache. */
  cachedTokens?: number;
}

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** One thing that the model does in a reply; steps are carried out in order. */
export type Step =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "call"; readonly name: string; readonly json: string; readonly id?: string }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "pace"; readonly ms: number }
  | { readonly type: "usage"; readonly usage: Usage }
  | { readonly type: "finish"; readonly reason: FinishReason }
  | { readonly type: "garbage"; readonly data: string }
  | {
      readonly type: "refuse";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly type: "stall" }
  | { readonly type: "cut" };

/** A whole reply: one step, or steps in order, nested as it reads best. */
export type Reply = Step | readonly Reply[];

/** The steps of a reply in one flat list. */
export function flatten(reply: Reply): Step[] {
  if (isStep(reply)) return [reply];
  return reply.flatMap(flatten);
}

const isStep = (reply: Reply): reply is Step => !Array.isArray(reply);

/** Text of the assistant. */
export const say = (text: string): Step => ({ type: "text", text });

/** A tool call. Several in one reply are made in parallel. */
export const call = (name: string, args: ToolArguments = {}, id?: string): Step =>
  callRaw(name, JSON.stringify(args), id);

/** A tool call whose arguments are sent as given, be they JSON or not. */
export const callRaw = (name: string, json: string, id?: string): Step =>
  id === undefined ? { type: "call", name, json } : { type: "call", name, json, id };

/** A pause of `ms` milliseconds; as the first step it is a pause before the first byte, headers included. */
export const wait = (ms: number): Step => ({ type: "wait", ms });

/** `reply`, after `ms` milliseconds of silence. */
export const after = (ms: number, reply: Reply): Reply => [wait(ms), reply];

/** From here on, `ms` milliseconds before every chunk. */
export const pace = (ms: number): Step => ({ type: "pace", ms });

/** Reports these token counts in place of the estimate. */
export const usage = (counts: Usage): Step => ({ type: "usage", usage: counts });

/** Ends the reply with this reason in place of `stop` (or `tool_calls` after a call). */
export const finish = (reason: FinishReason): Step => ({ type: "finish", reason });

export interface RefuseOptions {
  /** Seconds for the header `Retry-After`. */
  retryAfter?: number;
  headers?: Readonly<Record<string, string>>;
  /** Message inside OpenAI's error object, or the whole body when `body` is given instead. */
  message?: string;
  body?: string;
}

/** An HTTP error in place of a reply. Must be the first step, save for a `wait`. */
export function refuse(status: number, options: RefuseOptions = {}): Step {
  const message = options.message ?? `scripted refusal with status ${status}`;
  const headers: Record<string, string> = { "content-type": "application/json", ...options.headers };
  if (options.retryAfter !== undefined) headers["retry-after"] = String(options.retryAfter);
  const error = { message, type: "scripted_error", param: null, code: String(status) };
  return { type: "refuse", status, headers, body: options.body ?? JSON.stringify({ error }) };
}

/** Says nothing more and keeps the connection open, until the client or the server closes it. */
export const stall = (): Step => ({ type: "stall" });

/** Destroys the connection here. */
export const cut = (): Step => ({ type: "cut" });

/** A tool call of which only the first `sent` characters of the arguments arrive (default: half). */
export function cutToolCall(name: string, args: ToolArguments = {}, sent?: number): Reply {
  const json = JSON.stringify(args);
  return [callRaw(name, json.slice(0, sent ?? Math.ceil(json.length / 2))), cut()];
}

/** Bytes in the stream that are no event of the protocol; by default an event that is no JSON. */
export const garbage = (data = "data: {this is not json\n\n"): Step => ({ type: "garbage", data });
