import { describe, expect, it } from "vitest";
import { withoutProviderKeys } from "./provider-keys.ts";

describe("the environment of a mission's commands", () => {
  it.each([
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AZURE_OPENAI_API_KEY",
    "GOOGLE_GENERATIVE_AI_API_KEY",
    "HF_TOKEN",
    "OPENCODE_CONFIG_CONTENT",
    "OPENROUTER_API_KEY",
    "openai_api_key",
  ])("has no %s", (name) => {
    expect(withoutProviderKeys({ [name]: "x", PATH: "/bin" })).toEqual({ PATH: "/bin" });
  });

  it("keeps what the project's own tests may need", () => {
    const own = { STRIPE_API_KEY: "x", DATABASE_PASSWORD: "y", GITHUB_TOKEN: "z", GOOGLE_CLOUD_PROJECT: "p" };
    expect(withoutProviderKeys(own)).toEqual(own);
  });
});
