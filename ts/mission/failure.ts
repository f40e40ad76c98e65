/** Names the kind of a host's error by its code and shape; what to do about each kind is the engine's to decide. */
import type { SessionErrorKind } from "../engine/index.ts";
import type { HostError } from "../host/host.ts";

const BY_STATUS: Readonly<Record<number, SessionErrorKind>> = {
  401: "auth",
  402: "quota",
  403: "auth",
  408: "timeout",
  413: "context_overflow",
  429: "rate_limit",
  504: "timeout",
};

/** From here on a status is the provider's own trouble, whichever it is. */
const SERVER_ERROR = 500;

const BY_NAME: ReadonlyMap<string, SessionErrorKind> = new Map([
  ["ContextOverflowError", "context_overflow"],
  ["MessageAbortedError", "aborted"],
  ["ProviderAuthError", "auth"],
]);

/** The kind of `error`. A status says more than a name: many errors share the name `APIError`. */
export function kindOfFailure(error: HostError): SessionErrorKind {
  const { status = 0 } = error;
  const byStatus = BY_STATUS[status] ?? (status >= SERVER_ERROR ? "overloaded" : undefined);
  return byStatus ?? BY_NAME.get(error.name) ?? "unknown";
}
