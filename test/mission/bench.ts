/** Real OpenCode with the real build of the plugin, for tests of whole missions. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Scenario, type ScriptedModel, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { type BenchOptions, type OpenCodeBench, openCode } from "../opencode/index.ts";

/** The built plugin, as OpenCode loads it. */
export const PLUGIN = fileURLToPath(new URL("../../dist/server.js", import.meta.url));

/** A bench with the model that it talks to: both end together. */
export interface MissionBench extends OpenCodeBench {
  readonly model: ScriptedModel;
}

/** Sets up OpenCode with our plugin and a model that follows `script`. Nothing is started yet. */
export async function missionBench(
  script: Scenario,
  options: Omit<BenchOptions, "model"> = {},
): Promise<MissionBench> {
  if (!existsSync(PLUGIN)) throw new Error(`${PLUGIN} is not built: npm run build`);
  const model = await startScriptedModel({ scenario: script });
  const bench = await openCode({ model, plugin: PLUGIN, ...options });
  const dispose = async () => {
    await bench.dispose();
    await model.close();
  };
  return { ...bench, model, dispose, [Symbol.asyncDispose]: dispose };
}
