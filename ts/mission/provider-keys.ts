/**
 * Keeps the keys of model providers out of the commands that a mission runs: a test, or what a model wrote into one,
 * has no business with what pays for the model. Secrets of the project itself stay: its tests may need them.
 */

/** Variables that the providers' own documentation and the AI SDK name, by what they begin with. */
const PROVIDERS = [
  "AI21",
  "AI_GATEWAY",
  "ANTHROPIC",
  "AZURE",
  "AZURE_COGNITIVE_SERVICES",
  "AZURE_OPENAI",
  "BASETEN",
  "CEREBRAS",
  "CLAUDE",
  "CLAUDE_CODE",
  "CO",
  "COHERE",
  "DASHSCOPE",
  "DEEPINFRA",
  "DEEPSEEK",
  "FIREWORKS",
  "GEMINI",
  "GOOGLE",
  "GOOGLE_GENERATIVE_AI",
  "GROQ",
  "HF",
  "HUGGINGFACE",
  "HUGGING_FACE_HUB",
  "INFERENCE",
  "LLAMA",
  "MINIMAX",
  "MISTRAL",
  "MOONSHOT",
  "NVIDIA",
  "OPENAI",
  "OPENCODE",
  "OPENROUTER",
  "PERPLEXITY",
  "REPLICATE",
  "TOGETHER",
  "TOGETHER_AI",
  "UPSTAGE",
  "VENICE",
  "VERCEL_AI_GATEWAY",
  "VOYAGE",
  "XAI",
  "ZAI",
  "ZHIPU",
] as const;

const KEY = new RegExp(
  `^(?:${PROVIDERS.join("|")})_(?:API_?KEY|KEY|AUTH_TOKEN|OAUTH_TOKEN|ACCESS_TOKEN|API_TOKEN|TOKEN)$`,
  "i",
);

/** Others, named in full. OpenCode's own may hold a whole configuration, keys included, or open its server. */
const NAMED: ReadonlySet<string> = new Set([
  "AWS_BEARER_TOKEN_BEDROCK",
  "OPENCODE_AUTH_CONTENT",
  "OPENCODE_CONFIG_CONTENT",
  "OPENCODE_SERVER_PASSWORD",
]);

/** `environment` without the variables that hold a model provider's key. */
export function withoutProviderKeys(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !KEY.test(name) && !NAMED.has(name.toUpperCase())),
  );
}
