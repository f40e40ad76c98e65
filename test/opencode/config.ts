import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ScriptedModel } from "../../ts/scripted-model/index.ts";
import type { Home } from "./home.ts";

/** Contents of an opencode.json. */
export type OpenCodeConfig = Readonly<Record<string, unknown>>;

/** The scripted model's name in OpenCode. */
export const SCRIPTED = "scripted/m";

export interface ConfigOptions {
  model: ScriptedModel;
  /** Absolute path or file URL of a plugin; `null` for none. */
  plugin?: string | null;
  pluginOptions?: Readonly<Record<string, unknown>>;
  /** Laid over what the bench writes, key by key. */
  config?: OpenCodeConfig;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `over` laid over `base`: objects are merged key by key, all else is replaced. */
function merge(base: OpenCodeConfig, over: OpenCodeConfig): OpenCodeConfig {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isRecord(below) && isRecord(value) ? merge(below, value) : value;
  }
  return merged;
}

/** A config whose only provider is the scripted model. */
export function openCodeConfig(options: ConfigOptions): OpenCodeConfig {
  const { plugin, pluginOptions } = options;
  const base: OpenCodeConfig = {
    $schema: "https://opencode.ai/config.json",
    provider: {
      scripted: {
        npm: "@ai-sdk/openai-compatible",
        name: "Scripted",
        options: { baseURL: options.model.url, apiKey: "none" },
        models: { m: { name: "m", limit: { context: 200_000, output: 8_000 } } },
      },
    },
    model: SCRIPTED,
    small_model: SCRIPTED,
    ...(typeof plugin === "string" && {
      plugin: [pluginOptions === undefined ? plugin : [plugin, pluginOptions]],
    }),
  };
  return merge(base, options.config ?? {});
}

/** Writes the config as the user's global one: the project then holds nothing but its own files. */
export async function writeConfig(home: Home, options: ConfigOptions): Promise<void> {
  await writeFile(join(home.configDir, "opencode.json"), JSON.stringify(openCodeConfig(options), null, 2));
}
