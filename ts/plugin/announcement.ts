/**
 * What the plugin says of itself when "orchestrator doctor" asks for it: a configuration can name a plugin that OpenCode
 * does not load, or another version than the one that it loads. Without the question nothing is said or written.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findAddon, loadAddon } from "../engine/index.ts";
import type { Contribute, Contribution } from "../host/contribution.ts";
import { ANNOUNCE_VARIABLE, type Announcement } from "./announced.ts";

/** `contribute`, whose result is announced where that is asked for. */
export function announced(contribute: Contribute): Contribute {
  return async (host, options) => {
    const contribution = await contribute(host, options);
    const file = process.env[ANNOUNCE_VARIABLE];
    if (file !== undefined && file !== "")
      writeFileSync(file, JSON.stringify(announcement(host.directory, contribution)));
    return contribution;
  };
}

function announcement(directory: string, { agents, commands, tools }: Contribution): Announcement {
  const bun = process.versions["bun"];
  return {
    file: fileURLToPath(import.meta.url),
    directory,
    runtime: bun === undefined ? `Node ${process.versions.node}` : `Bun ${bun}`,
    agents: agents.map(({ name }) => name),
    commands: commands.map(({ name }) => name),
    tools: tools.map(({ name }) => name),
    addon: addon(),
  };
}

/** Tries it here: the same file may load in Node and not in the runtime that OpenCode is made of. */
function addon(): Announcement["addon"] {
  try {
    const path = findAddon();
    return { path, version: loadAddon().version() };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
