/** Writes the JSON Schemas that editors use into `dist/schema`, from the zod schemas in the build. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsJsonSchema } from "../dist/schemas.js";
import { ROOT } from "./steps.mjs";

const folder = join(ROOT, "dist", "schema");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "settings.json"), `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
