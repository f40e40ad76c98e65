import { EngineError, type EngineErrorCode, type EngineErrorDetails } from "./error.ts";

interface NativeFailure {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly details?: EngineErrorDetails;
}

/**
 * Runs one call into the addon. Rust throws errors whose message is JSON, `{ code, message, details }`: they
 * become an {@link EngineError} here, with the stack of the caller.
 */
export function crossing<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw fromNative(error);
  }
}

function fromNative(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const failure = decode(error.message);
  if (failure === undefined) {
    // Not ours: the binding layer refused an argument (a number where a string belongs, a freed handle).
    return new EngineError("ERR_INVALID_INPUT", error.message, {}, { cause: error });
  }
  return new EngineError(failure.code, failure.message, failure.details);
}

function decode(message: string): NativeFailure | undefined {
  if (!message.startsWith('{"code":"ERR_')) return undefined;
  return JSON.parse(message) as NativeFailure;
}
