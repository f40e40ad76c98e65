import { randomUUID } from "node:crypto";
import type { FinishReason, Step, Usage } from "./step.ts";

/** Characters of text or arguments in one chunk: about what providers send. */
const PIECE = 24;

/** Splits text in pieces of at most {@link PIECE} code points, never inside one. */
export function pieces(text: string): string[] {
  const points = Array.from(text);
  const parts: string[] = [];
  for (let at = 0; at < points.length; at += PIECE) parts.push(points.slice(at, at + PIECE).join(""));
  return parts;
}

interface MadeCall {
  readonly id: string;
  readonly name: string;
  readonly json: string;
}

interface Delta {
  role?: "assistant";
  content?: string;
  tool_calls?: {
    index: number;
    id?: string;
    type?: "function";
    function: { name?: string; arguments: string };
  }[];
}

/**
 * One completion on its way: turns steps into the chunks of a stream, and keeps what was said for
 * the single object of a reply that is not streamed. Shapes as in OpenAI's API reference for chat
 * completions.
 */
export class Completion {
  readonly #id = `chatcmpl-${randomUUID()}`;
  readonly #created = Math.floor(Date.now() / 1000);
  readonly #model: string;
  readonly #promptBytes: number;
  readonly #calls: MadeCall[] = [];
  #text = "";
  #usage: Usage = {};
  #finish: FinishReason | undefined;

  constructor(model: string, promptBytes: number) {
    this.#model = model;
    this.#promptBytes = promptBytes;
  }

  /** The chunk that opens every stream. */
  opening(): object {
    return this.#chunk({ role: "assistant", content: "" });
  }

  /** Takes a step in, and returns the chunks that say it. Steps about time or faults say nothing. */
  take(step: Step): object[] {
    switch (step.type) {
      case "text":
        this.#text += step.text;
        return pieces(step.text).map((content) => this.#chunk({ content }));
      case "call":
        return this.#call(step.name, step.json, step.id ?? `call_${randomUUID().replaceAll("-", "")}`);
      case "usage":
        this.#usage = { ...this.#usage, ...step.usage };
        return [];
      case "finish":
        this.#finish = step.reason;
        return [];
      default:
        return [];
    }
  }

  /** The chunks that close a stream. */
  closing(includeUsage: boolean): object[] {
    const chunks = [this.#chunk({}, this.#finishReason())];
    if (includeUsage)
      chunks.push({ ...this.#head("chat.completion.chunk"), choices: [], usage: this.#counts() });
    return chunks;
  }

  /** The whole reply as one object. */
  whole(): object {
    const message = {
      role: "assistant",
      content: this.#text === "" ? null : this.#text,
      ...(this.#calls.length > 0 && {
        tool_calls: this.#calls.map(({ id, name, json }) => ({
          id,
          type: "function",
          function: { name, arguments: json },
        })),
      }),
    };
    return {
      ...this.#head("chat.completion"),
      choices: [{ index: 0, message, logprobs: null, finish_reason: this.#finishReason() }],
      usage: this.#counts(),
    };
  }

  #call(name: string, json: string, id: string): object[] {
    const index = this.#calls.push({ id, name, json }) - 1;
    const opening = { index, id, type: "function" as const, function: { name, arguments: "" } };
    return [
      this.#chunk({ tool_calls: [opening] }),
      ...pieces(json).map((part) => this.#chunk({ tool_calls: [{ index, function: { arguments: part } }] })),
    ];
  }

  #finishReason(): FinishReason {
    return this.#finish ?? (this.#calls.length > 0 ? "tool_calls" : "stop");
  }

  #counts(): object {
    const said = this.#text + this.#calls.map((made) => made.name + made.json).join("");
    const prompt = this.#usage.promptTokens ?? Math.ceil(this.#promptBytes / 4);
    const completion = this.#usage.completionTokens ?? Math.ceil(Buffer.byteLength(said) / 4);
    return {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: this.#usage.cachedTokens ?? 0 },
    };
  }

  #head(object: string): object {
    return { id: this.#id, object, created: this.#created, model: this.#model };
  }

  #chunk(delta: Delta, finish: FinishReason | null = null): object {
    return {
      ...this.#head("chat.completion.chunk"),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    };
  }
}
