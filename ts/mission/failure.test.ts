import { describe, expect, it } from "vitest";
import { kindOfFailure } from "./failure.ts";

const kind = (name: string, status?: number) =>
  kindOfFailure({ name, message: "", ...(status === undefined ? {} : { status }) });

describe("kindOfFailure", () => {
  it.each([
    [401, "auth"],
    [402, "quota"],
    [403, "auth"],
    [408, "timeout"],
    [413, "context_overflow"],
    [429, "rate_limit"],
    [500, "overloaded"],
    [503, "overloaded"],
    [504, "timeout"],
    [529, "overloaded"],
    [524, "overloaded"],
  ])("takes the status %d for %s", (status, expected) => {
    expect(kind("APIError", status)).toBe(expected);
  });

  it.each([
    ["ContextOverflowError", "context_overflow"],
    ["MessageAbortedError", "aborted"],
    ["ProviderAuthError", "auth"],
  ])("takes the name %s for %s", (name, expected) => {
    expect(kind(name)).toBe(expected);
  });

  it("believes a status before a name, and a name before a status that says nothing", () => {
    expect(kind("ProviderAuthError", 429)).toBe("rate_limit");
    expect(kind("ContextOverflowError", 400)).toBe("context_overflow");
  });

  it("makes no guess", () => {
    expect(kind("APIError")).toBe("unknown");
    expect(kind("APIError", 418)).toBe("unknown");
    expect(kind("constructor")).toBe("unknown");
  });
});

it.each([
  [429, ["insufficient_quota", "insufficient_quota"], "quota"],
  [429, ["rate_limit_exceeded", "requests"], "rate_limit"],
  [400, ["context_length_exceeded", "invalid_request_error"], "context_overflow"],
  [400, ["content_policy_violation"], "refusal"],
  [529, ["overloaded_error"], "overloaded"],
  [429, ["something_new"], "rate_limit"],
] as const)("a provider's own name for its error goes before its status: %s %j", (status, codes, kind) => {
  expect(kindOfFailure({ name: "APIError", message: "", status, codes })).toBe(kind);
});
