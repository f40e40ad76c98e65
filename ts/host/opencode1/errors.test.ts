import { afterEach, describe, expect, it, vi } from "vitest";
import { hostErrorOf } from "./errors.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** An error as a provider's failed request leaves it, with these response headers. */
const limited = (responseHeaders: Record<string, string>) =>
  hostErrorOf({ name: "APIError", data: { message: "slow down", statusCode: 429, responseHeaders } });

describe("hostErrorOf", () => {
  it("keeps name, message and status", () => {
    const error = { name: "APIError", data: { message: "overloaded", statusCode: 529, isRetryable: true } };
    expect(hostErrorOf(error)).toEqual({ name: "APIError", message: "overloaded", status: 529 });
  });

  it("takes the name for the message where there is none", () => {
    expect(hostErrorOf({ name: "MessageOutputLengthError", data: {} })).toEqual({
      name: "MessageOutputLengthError",
      message: "MessageOutputLengthError",
    });
    expect(hostErrorOf({ name: "MessageAbortedError" }).message).toBe("MessageAbortedError");
  });

  it("reads Retry-After in seconds, whatever the case of its letters", () => {
    expect(limited({ "Retry-After": "7" }).retryAfterMs).toBe(7000);
    expect(limited({ "retry-after": "0.5" }).retryAfterMs).toBe(500);
  });

  it("reads Retry-After as a date, and one in the past as now", () => {
    vi.useFakeTimers({ now: Date.parse("2030-01-01T00:00:00Z") });
    expect(limited({ "retry-after": "Tue, 01 Jan 2030 00:00:30 GMT" }).retryAfterMs).toBe(30_000);
    expect(limited({ "retry-after": "Mon, 31 Dec 2029 23:00:00 GMT" }).retryAfterMs).toBe(0);
  });

  it("prefers milliseconds where a provider gives both", () => {
    expect(limited({ "retry-after": "7", "retry-after-ms": "1234" }).retryAfterMs).toBe(1234);
  });

  it("names no pause where the header is no time", () => {
    expect(limited({ "retry-after": "soon" })).not.toHaveProperty("retryAfterMs");
    expect(limited({})).not.toHaveProperty("retryAfterMs");
  });

  it.each([
    ['{"error":{"code":"insufficient_quota","type":"x"}}', ["insufficient_quota", "x"]],
    ['{"type":"error","error":{"type":"overloaded_error"}}', ["overloaded_error"]],
    ['{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}', ["RESOURCE_EXHAUSTED"]],
  ])("keeps what the provider calls it: %s", (responseBody, codes) => {
    const error = { name: "APIError", data: { message: "m", statusCode: 429, responseBody } };
    expect(hostErrorOf(error).codes).toEqual(codes);
  });

  it.each(["", "<html>", "[]", '{"error":"text"}'])(
    "has no name for it in an answer that gives none: %j",
    (responseBody) => {
      const error = { name: "APIError", data: { message: "m", responseBody } };
      expect(hostErrorOf(error)).not.toHaveProperty("codes");
    },
  );

  it("keeps the text of what has no known shape", () => {
    expect(hostErrorOf("broken pipe")).toEqual({ name: "UnknownError", message: "broken pipe" });
    expect(hostErrorOf({ odd: 1 })).toEqual({ name: "UnknownError", message: '{"odd":1}' });
    expect(hostErrorOf(undefined)).toEqual({ name: "UnknownError", message: "no details" });
  });
});
