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

/** What providers call their errors: it says more than a status, which one may use for several (429: too fast, and out of money). */
const BY_CODE: ReadonlyMap<string, SessionErrorKind> = new Map([
  ["authentication_error", "auth"],
  ["billing_error", "quota"],
  ["billing_hard_limit_reached", "quota"],
  ["content_filter", "refusal"],
  ["content_policy_violation", "refusal"],
  ["context_length_exceeded", "context_overflow"],
  ["insufficient_quota", "quota"],
  ["invalid_api_key", "auth"],
  ["overloaded_error", "overloaded"],
  ["permission_error", "auth"],
  ["rate_limit_error", "rate_limit"],
  ["rate_limit_exceeded", "rate_limit"],
  ["request_too_large", "context_overflow"],
  ["RESOURCE_EXHAUSTED", "rate_limit"],
  ["timeout_error", "timeout"],
  ["UNAUTHENTICATED", "auth"],
  ["UNAVAILABLE", "overloaded"],
]);

/** From here on a status is the provider's own trouble, whichever it is. */
const SERVER_ERROR = 500;

const BY_NAME: ReadonlyMap<string, SessionErrorKind> = new Map([
  ["ContextOverflowError", "context_overflow"],
  ["MessageAbortedError", "aborted"],
  ["ProviderAuthError", "auth"],
]);

/** The kind of `error`. The provider's own name for it says most; a status says more than a name: many errors share the name `APIError`. */
export function kindOfFailure(error: HostError): SessionErrorKind {
  const { status = 0, codes = [] } = error;
  const byCode = codes.map((code) => BY_CODE.get(code)).find((kind) => kind !== undefined);
  const byStatus = BY_STATUS[status] ?? (status >= SERVER_ERROR ? "overloaded" : undefined);
  return byCode ?? byStatus ?? BY_NAME.get(error.name) ?? "unknown";
}
