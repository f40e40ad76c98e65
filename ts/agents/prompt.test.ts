import { describe, expect, it } from "vitest";
import { composePrompt } from "./prompt.ts";

describe("composePrompt", () => {
  it("puts each part where it is named, as often as it is named, trimmed", () => {
    expect(composePrompt("{{a}} and {{b-c}} and {{a}}", { a: "\none\n", "b-c": "two" })).toBe(
      "one and two and one",
    );
  });

  it("drops comments and what stands around the text", () => {
    expect(composePrompt("<!-- placeholders:\n none -->\nText.\n<!-- x -->more\n\n", {})).toBe("Text.\nmore");
  });

  it("refuses a prompt with a hole in it, and names the part", () => {
    expect(() => composePrompt("Do {{this}}.", { that: "x" })).toThrow(/"this"/);
  });

  it("takes a part as it is: what looks like a placeholder or a pattern in it is text", () => {
    expect(composePrompt("{{a}}", { a: "{{b}} costs $& or $1" })).toBe("{{b}} costs $& or $1");
  });
});
