/** The JSON Schemas of the files that people write, for their editors. */
import * as z from "zod";
import { settingsSchema } from "./settings.ts";

/** The schema of `settings.jsonc`, draft 2020-12. What has a default may be left out. */
export function settingsJsonSchema(): unknown {
  return { title: "opencode-orchestrator settings", ...z.toJSONSchema(settingsSchema(), { io: "input" }) };
}
