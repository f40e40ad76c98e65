import type { ServerResponse } from "node:http";
import { Completion } from "./completion.ts";
import { ScriptedModelError } from "./error.ts";
import type { Outcome } from "./recording.ts";
import type { ChatRequest } from "./request.ts";
import type { Step } from "./step.ts";

/** Sleeps for `ms` milliseconds, or until the connection is gone. */
function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0 || gone.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      gone.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    gone.addEventListener("abort", done);
  });
}

/** Resolves when the client or the server has closed the connection. */
function ended(gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (gone.aborted) resolve();
    else gone.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** How a completion is put on the wire: as events of a stream, or as one object. */
interface Wire {
  open(): void;
  chunks(list: readonly object[], pace: number): Promise<void>;
  garbage(data: string): void;
  close(completion: Completion, pace: number): Promise<void>;
}

function streamed(
  response: ServerResponse,
  completion: Completion,
  request: ChatRequest,
  gone: AbortSignal,
): Wire {
  const wire: Wire = {
    open() {
      if (response.headersSent) return;
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
      response.write(`data: ${JSON.stringify(completion.opening())}\n\n`);
    },
    async chunks(list, pace) {
      for (const chunk of list) {
        wire.open();
        await pause(pace, gone);
        if (gone.aborted) return;
        response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      }
    },
    garbage(data) {
      wire.open();
      response.write(data);
    },
    async close(_, pace) {
      wire.open();
      await wire.chunks(completion.closing(request.includeUsage), pace);
      response.end("data: [DONE]\n\n");
    },
  };
  return wire;
}

function single(response: ServerResponse, gone: AbortSignal): Wire {
  let spoilt = "";
  const wire: Wire = {
    open() {
      if (!response.headersSent) response.writeHead(200, { "content-type": "application/json" });
    },
    async chunks(list, pace) {
      await pause(pace * list.length, gone);
    },
    garbage(data) {
      spoilt += data;
    },
    async close(completion) {
      wire.open();
      response.end(spoilt + JSON.stringify(completion.whole()));
    },
  };
  return wire;
}

/**
 * Carries out the steps of a reply on `response`.
 *
 * @param gone aborted when the connection is closed from either side; ends every wait.
 * @throws {ScriptedModelError} `misplaced-refusal`.
 * @returns how it ended as far as the scenario goes; `open` when `gone` came first.
 */
export async function deliver(
  response: ServerResponse,
  steps: readonly Step[],
  request: ChatRequest,
  bytes: number,
  gone: AbortSignal,
): Promise<Outcome> {
  const speaks = steps.findIndex((step) => step.type !== "wait");
  if (steps.some((step, index) => step.type === "refuse" && index !== speaks)) {
    throw new ScriptedModelError("misplaced-refusal", "a refusal must be the first step, save for a wait");
  }
  const completion = new Completion(request.model, bytes);
  const wire = request.stream ? streamed(response, completion, request, gone) : single(response, gone);
  let pace = 0;
  for (const step of steps) {
    if (gone.aborted) return "open";
    switch (step.type) {
      case "wait":
        await pause(step.ms, gone);
        break;
      case "pace":
        pace = step.ms;
        break;
      case "refuse":
        response.writeHead(step.status, step.headers);
        response.end(step.body);
        return "refused";
      case "stall":
        wire.open();
        response.flushHeaders();
        await ended(gone);
        return "open";
      case "cut":
        wire.open();
        await flushed(response);
        response.destroy();
        return "cut";
      case "garbage":
        wire.garbage(step.data);
        break;
      default:
        await wire.chunks(completion.take(step), pace);
    }
  }
  if (gone.aborted) return "open";
  await wire.close(completion, pace);
  return gone.aborted ? "open" : "answered";
}

/**
 * Resolves once what was written before has left for the client: a cut must not swallow it. In Node
 * the callback of a write says so; in Bun it comes too early, hence the moment of patience.
 */
function flushed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.write("\n", () => setTimeout(resolve, 5));
  });
}
