/** The language servers of a project: those of its folder, shared by its missions, and those of the worktrees of tasks. */
import { delimiter, join } from "node:path";
import { Diagnostics } from "../engine/index.ts";
import { withoutProviderKeys } from "./provider-keys.ts";
import type { Settings } from "./settings.ts";

export class LanguageServers {
  readonly #directory: string;
  readonly #byFolder = new Map<string, Diagnostics>();
  #servers: Settings["languageServers"] = {};

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The servers that see `directory` as their project. None runs before the first check. */
  in(directory: string): Diagnostics {
    const known = this.#byFolder.get(directory);
    if (known !== undefined) return known;
    const environment = withoutProviderKeys(process.env);
    // A worktree has no packages of its own: the project's programs serve it as well.
    const own = [join("node_modules", ".bin"), join(".venv", "bin"), join("venv", "bin")];
    const path = [...own.map((folder) => join(this.#directory, folder)), environment["PATH"] ?? ""];
    const isProject = directory === this.#directory;
    const made = new Diagnostics({
      directory,
      servers: this.#servers,
      environment: isProject ? environment : { ...environment, PATH: path.join(delimiter) },
      ...(isProject ? {} : { most: 1 }),
    });
    this.#byFolder.set(directory, made);
    return made;
  }

  /** Takes the servers that the user has set; where they are others than before, those that run are ended. */
  async use(servers: Settings["languageServers"]): Promise<void> {
    if (JSON.stringify(servers) === JSON.stringify(this.#servers)) return;
    this.#servers = servers;
    await this.close();
  }

  /** Ends the servers of a folder that goes away. */
  async leave(directory: string): Promise<void> {
    const known = this.#byFolder.get(directory);
    this.#byFolder.delete(directory);
    await known?.[Symbol.asyncDispose]();
  }

  /** Ends all servers. */
  async close(): Promise<void> {
    await Promise.all([...this.#byFolder.keys()].map((directory) => this.leave(directory)));
  }
}
