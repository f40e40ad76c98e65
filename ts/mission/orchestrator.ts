/**
 * The orchestrator of one project: keeps the store, opens missions and finds the mission that a session belongs to.
 * Nothing is shared between projects, and nothing is written before the first mission.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAddon, Store } from "../engine/index.ts";
import type { Host, HostEvent } from "../host/host.ts";
import { type Brief, briefKey, newMissionId } from "./brief.ts";
import { MissionError } from "./error.ts";
import { Mission } from "./mission.ts";
import { loadSettings, type Settings, settingsFiles } from "./settings.ts";

/** Where the store of a project is, below the project's folder. */
export const STATE_FOLDER = join(".orchestrator", "state");
/** The store's file in it. */
export const STORE_FILE = "missions.db";

export class Orchestrator {
  readonly #host: Host;
  readonly #options: unknown;
  #store: Store | undefined;
  #mission: Mission | undefined;

  /** `options` are the plugin's, not yet checked: a mistake in them must not keep OpenCode from starting. */
  constructor(host: Host, options: unknown) {
    this.#host = host;
    this.#options = options;
  }

  /** The project's newest mission of this process, finished or not. */
  get mission(): Mission | undefined {
    return this.#mission;
  }

  /** The mission that is going on, if any. */
  get live(): Mission | undefined {
    return this.#mission?.outcome === undefined ? this.#mission : undefined;
  }

  /**
   * Opens a mission led from `session`. One that the same session had is given up for it.
   * @throws MissionError `ERR_BUSY` while another session leads one, `ERR_SETTINGS`; EngineError without an addon.
   */
  async open(objective: string, session: string): Promise<Mission> {
    const live = this.live;
    if (live !== undefined && live.brief.session !== session) {
      throw new MissionError(
        "ERR_BUSY",
        `another session of this project already leads mission ${live.brief.id} ("${live.brief.objective}"): wait for it, or end it with /stop`,
      );
    }
    const settings = await this.settings();
    live?.submit({ type: "cancelled", reason: "replaced by a new /task" });
    await this.#mission?.close();
    const store = this.#openStore();
    const now = Date.now();
    const brief: Brief = { id: newMissionId(now), objective, session, openedAt: now };
    store.transaction((tx) => tx.put(briefKey(brief.id), brief), { durability: "full" });
    this.#mission = new Mission({ brief, host: this.#host, store, settings });
    return this.#mission;
  }

  /**
   * The mission that a session leads or works for.
   * @throws MissionError `ERR_NO_MISSION` when there is none; EngineError without an addon, for then there can't be one.
   */
  missionOf(session: string): Mission {
    const mission = this.live;
    if (mission?.involves(session)) return mission;
    if (this.#mission === undefined) loadAddon();
    const why =
      this.#mission?.brief.session === session
        ? `mission ${this.#mission.brief.id} is over (${this.#mission.outcome})`
        : "this session has no mission";
    throw new MissionError("ERR_NO_MISSION", `${why}: the user starts one with /task "…"`);
  }

  /** The settings as they stand now. @throws MissionError `ERR_SETTINGS` */
  settings(): Promise<Settings> {
    return loadSettings(settingsFiles(this.#host.directory), this.#options);
  }

  hear(event: HostEvent): void {
    this.live?.hear(event);
  }

  /** Closes the mission and the store. */
  async dispose(): Promise<void> {
    await this.#mission?.close();
    this.#store?.close();
    this.#store = undefined;
  }

  #openStore(): Store {
    if (this.#store !== undefined) return this.#store;
    const folder = join(this.#host.directory, STATE_FOLDER);
    mkdirSync(folder, { recursive: true });
    // The folder ignores itself in git, whatever the project's own rules say.
    writeFileSync(join(folder, ".gitignore"), "*\n");
    this.#store = Store.open(join(folder, STORE_FILE));
    return this.#store;
  }
}
