/** Which of the host's tools are carried out by the native engine. */
import { EngineError, loadAddon } from "../../engine/index.ts";
import type { Replacement } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import { glob } from "./glob.ts";
import { grep } from "./grep.ts";

/**
 * The host's search tools, unless `nativeSearch` is off. Where the settings can't be read or there is no engine, the
 * host keeps its own: what is wrong is told by `/task`, and must not take a tool from anybody.
 */
export async function replacements(wanted: () => Promise<boolean>): Promise<readonly Replacement[]> {
  try {
    if (!(await wanted())) return [];
    loadAddon();
    return [grep, glob];
  } catch (error) {
    if (EngineError.is(error) || error instanceof MissionError) return [];
    throw error;
  }
}
