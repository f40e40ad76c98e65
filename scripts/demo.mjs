/** `npm run demo`: sets the checkout up, then plays a mission. Options go to `orchestrator demo`. */
import { spawnSync } from "node:child_process";
import { setUp } from "./setup.mjs";
import { ROOT } from "./steps.mjs";

const args = process.argv.slice(2);
await setUp();
const { status } = spawnSync(process.execPath, ["dist/cli.js", "demo", ...args], {
  cwd: ROOT,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
