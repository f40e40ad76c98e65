/** A raw client for the tests of this folder: no SDK between the test and the bytes. */

export interface Message {
  role: string;
  content: string | null;
  tool_calls?: unknown[];
  tool_call_id?: string;
}

export interface Ask {
  messages?: Message[];
  tools?: string[];
  stream?: boolean;
  session?: string;
  parent?: string;
  signal?: AbortSignal;
}

const tool = (name: string) => ({
  type: "function",
  function: { name, description: `the tool ${name}`, parameters: { type: "object", properties: {} } },
});

/** Posts a chat request; by default one user message, streamed, with usage. */
export function post(url: string, ask: Ask = {}): Promise<Response> {
  const stream = ask.stream ?? true;
  return fetch(`${url}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(ask.session !== undefined && { "x-session-id": ask.session }),
      ...(ask.parent !== undefined && { "x-parent-session-id": ask.parent }),
    },
    body: JSON.stringify({
      model: "m",
      messages: ask.messages ?? [{ role: "user", content: "hello" }],
      ...(ask.tools !== undefined && { tools: ask.tools.map(tool) }),
      stream,
      ...(stream && { stream_options: { include_usage: true } }),
    }),
    ...(ask.signal !== undefined && { signal: ask.signal }),
  });
}

export interface StreamedCall {
  id: string;
  name: string;
  json: string;
}

/** What a stream said, put together again as a client would. */
export interface Streamed {
  text: string;
  calls: StreamedCall[];
  finish: string | null;
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | undefined;
  done: boolean;
  chunks: number;
}

interface Chunk {
  choices: {
    delta: {
      content?: string;
      tool_calls?: { index: number; id?: string; function: { name?: string; arguments: string } }[];
    };
    finish_reason: string | null;
  }[];
  usage?: Streamed["usage"];
}

/** Puts the events of a stream together; throws where an event is no JSON. */
export function assemble(body: string): Streamed {
  const out: Streamed = { text: "", calls: [], finish: null, usage: undefined, done: false, chunks: 0 };
  for (const line of body.split("\n")) {
    if (!line.startsWith("data: ")) continue;
    const data = line.slice("data: ".length);
    if (data === "[DONE]") {
      out.done = true;
      continue;
    }
    out.chunks += 1;
    const chunk: Chunk = JSON.parse(data);
    out.usage = chunk.usage ?? out.usage;
    for (const choice of chunk.choices) {
      out.text += choice.delta.content ?? "";
      out.finish = choice.finish_reason ?? out.finish;
      for (const part of choice.delta.tool_calls ?? []) {
        const made = out.calls[part.index] ?? { id: part.id ?? "", name: part.function.name ?? "", json: "" };
        made.json += part.function.arguments;
        out.calls[part.index] = made;
      }
    }
  }
  return out;
}

/** Reads a body until it ends or breaks: what came, and the error if it broke. */
export async function drain(response: Response): Promise<{ body: string; broke: unknown }> {
  const decoder = new TextDecoder();
  let body = "";
  if (response.body === null) return { body, broke: undefined };
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { body, broke: undefined };
      body += decoder.decode(value, { stream: true });
    }
  } catch (broke) {
    return { body, broke };
  }
}

/** Posts, and puts the stream together. */
export async function ask(url: string, request: Ask = {}): Promise<Streamed> {
  return assemble(await (await post(url, request)).text());
}
