/** What has to be true once a mission is over, however badly the world has treated it. */
import { expect } from "vitest";
import type { OpenCodeBench, OpenCodeServer } from "../opencode/index.ts";
import type { MissionBench } from "./bench.ts";

/** How long what was aborted may take to be gone, in milliseconds. */
const GONE_MS = 10_000;

/** All requests of conversations so far; titles are OpenCode's own. */
export const chatCount = ({ model }: MissionBench): number =>
  model.requests.filter(({ kind }) => kind === "chat").length;

/** No process of the bench lives, but for the server where one is given. */
export async function expectNoProcess(bench: OpenCodeBench, server?: OpenCodeServer): Promise<void> {
  const living = async () =>
    (await bench.processes()).filter(({ pid }) => pid !== server?.process.pid).map(({ command }) => command);
  await expect.poll(living, { timeout: GONE_MS }).toEqual([]);
}

/** No session that `server` sees is busy, no request is under way, and no process but the server's lives. */
export async function expectQuiet(bench: MissionBench, server: OpenCodeServer): Promise<void> {
  const busy = async () => {
    const { data } = await server.client.session.status({ throwOnError: true });
    return Object.entries(data).filter(([, { type }]) => type !== "idle");
  };
  await expect.poll(busy, { timeout: GONE_MS }).toEqual([]);
  const open = () => bench.model.requests.filter(({ outcome }) => outcome === "open").length;
  await expect.poll(open, { timeout: GONE_MS }).toBe(0);
  await expectNoProcess(bench, server);
}
