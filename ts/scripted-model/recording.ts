import type { IncomingHttpHeaders } from "node:http";
import type { ChatRequest } from "./request.ts";
import type { Step } from "./step.ts";
import type { RequestKind } from "./turn.ts";

/**
 * How a request ended: `open` while it has not; `answered` in full; `refused` with a status;
 * `cut` by the scenario; `aborted` by the client; `closed` because the server was closed;
 * `failed` when the scenario had no answer (see `error`).
 */
export type Outcome = "open" | "answered" | "refused" | "cut" | "aborted" | "closed" | "failed";

/** Everything about one request for a completion. Times are epoch milliseconds with fractions. */
export interface RecordedRequest {
  /** Order of arrival, from 1. */
  readonly sequence: number;
  readonly receivedAt: number;
  /** When the last byte was handed over or the connection ended; `undefined` while open. */
  endedAt: number | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The body as received; empty when bodies are not recorded. */
  readonly raw: string;
  /** Size of the body in bytes. */
  readonly bytes: number;
  /** The parsed body; `undefined` when bodies are not recorded or it was no chat request. */
  readonly body: ChatRequest | undefined;
  readonly kind: RequestKind;
  readonly role: string;
  readonly sessionKey: string;
  readonly parentKey: string | undefined;
  readonly number: number;
  /** What the scenario answered. */
  steps: readonly Step[];
  status: number | undefined;
  outcome: Outcome;
  /** Why the scenario had no answer. */
  error: string | undefined;
}

/** The wall clock with the precision of the monotonic one, in epoch milliseconds. */
export const now = (): number => performance.timeOrigin + performance.now();

/** The most of these requests that were open at one moment. */
export function peakInFlight(requests: readonly RecordedRequest[]): number {
  const edges = requests
    .flatMap((request) => [
      { at: request.receivedAt, change: 1 },
      { at: request.endedAt ?? Number.POSITIVE_INFINITY, change: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.change - b.change);
  let open = 0;
  let peak = 0;
  for (const edge of edges) {
    open += edge.change;
    peak = Math.max(peak, open);
  }
  return peak;
}
