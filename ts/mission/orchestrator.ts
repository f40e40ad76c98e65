/**
 * The orchestrator of one project: keeps the store, opens missions and finds the mission that a session belongs to.
 * Nothing is shared between projects, and nothing is written before the first mission.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Diagnostics,
  EngineError,
  type Held,
  loadAddon,
  Ownership,
  Store,
  type TaskView,
} from "../engine/index.ts";
import type { ToolUse } from "../host/contribution.ts";
import type { Host, HostEvent } from "../host/host.ts";
import { type Brief, briefKey, newMissionId } from "./brief.ts";
import { MissionError } from "./error.ts";
import type { Place } from "./git.ts";
import { Isolated, type Places, shared } from "./isolation.ts";
import { LanguageServers } from "./language-servers.ts";
import { Mission, type MissionParts } from "./mission.ts";
import {
  chosen,
  drivenElsewhere,
  type Elsewhere,
  leftUnfinished,
  resumeMessage,
  setAsideNote,
  type Unfinished,
  unfinished,
} from "./recovery.ts";
import { redactor } from "./redaction.ts";
import { loadSettings, nativeSearch, type Settings, settingsFiles } from "./settings.ts";
import type { ShutdownHandler } from "./shutdown.ts";
import { Worktrees } from "./worktrees.ts";

/** Where the store of a project is, below the project's folder. */
export const STATE_FOLDER = join(".orchestrator", "state");
/** The store's file in it. */
export const STORE_FILE = "missions.db";

const NOWHERE: Places = { opened: () => undefined, left: async () => undefined };

export class Orchestrator {
  readonly #host: Host;
  readonly #options: unknown;
  readonly #places: Places;
  readonly #languageServers: LanguageServers;
  #store: Store | undefined;
  #mission: Mission | undefined;
  #disposed = false;
  #aside: string | undefined;

  /**
   * `options` are the plugin's, not yet checked: a mistake in them must not keep OpenCode from starting. `places` hears
   * of the folders besides the project's in which sessions of a mission work.
   */
  constructor(host: Host, options: unknown, places: Places = NOWHERE) {
    this.#host = host;
    this.#options = options;
    this.#places = places;
    this.#languageServers = new LanguageServers(host.directory);
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
    const isolation = await this.#isolationFor(settings);
    const store = this.#openStore();
    this.#refuseWhereDriven(store);
    live?.submit({ type: "cancelled", reason: "replaced by a new /task" });
    await this.#mission?.close();
    const now = Date.now();
    const brief: Brief = {
      id: newMissionId(now),
      objective: redactor.redact(objective),
      session,
      openedAt: now,
      ...isolation,
    };
    store.transaction((tx) => tx.put(briefKey(brief.id), brief), { durability: "full" });
    const owner = this.#claim(store, brief);
    await this.#languageServers.use(settings.languageServers);
    this.#mission = this.#drive({ brief, store, settings, owner });
    return this.#mission;
  }

  /**
   * Goes on with an unfinished mission, led from `session` from now on: the live one, or one that an earlier process
   * left. Nothing runs before the commander calls `run_mission`.
   * @throws MissionError `ERR_NO_MISSION` when there is none, `ERR_BUSY` while another session leads one, `ERR_SETTINGS`.
   */
  async resume(session: string, id?: string): Promise<Mission> {
    const live = this.live;
    if (live !== undefined) {
      if (id !== undefined && id !== live.brief.id)
        throw new MissionError("ERR_BUSY", `mission ${live.brief.id} is going on: end it first, with /stop`);
      if (live.brief.session !== session)
        throw new MissionError("ERR_BUSY", `another session of this project leads mission ${live.brief.id}`);
      return live;
    }
    const { brief } = chosen(this.#unfinished(), id);
    const settings = await this.settings();
    await this.#mission?.close();
    const store = this.#openStore();
    const owner = this.#claim(store, brief);
    const led: Brief = { ...brief, session };
    if (brief.session !== session)
      store.transaction((tx) => tx.put(briefKey(led.id), led), { durability: "full" });
    await this.#languageServers.use(settings.languageServers);
    this.#mission = this.#drive({ brief: led, store, settings, owner });
    this.#mission.submit({ type: "interrupted" });
    return this.#mission;
  }

  /**
   * Looks for a mission that an earlier process left unfinished: tells the user, or goes on with it, as the setting
   * `resume` says. Never rejects: a broken store must not keep OpenCode from starting.
   */
  async recover(): Promise<void> {
    try {
      const newest = await this.#abandoned();
      if (newest === undefined || this.live !== undefined) return;
      if ((await this.settings()).resume === "ask") {
        await this.#host.toast("info", leftUnfinished(newest));
        return;
      }
      const { session, id } = newest.brief;
      const facts = await this.#host.facts(session);
      if (facts === undefined) {
        await this.#host.toast("info", `${leftUnfinished(newest)} The session that led it is gone.`);
        return;
      }
      const mission = await this.resume(session, id);
      const text = resumeMessage(mission.brief, mission.snapshot, true);
      const { model } = facts;
      await this.#host.prompt({
        session,
        agent: "commander",
        text,
        ...(model === undefined ? {} : { model }),
      });
    } catch (error) {
      await this.#host.log("error", `an unfinished mission could not be gone on with: ${String(error)}`);
      if (EngineError.is(error)) await this.#host.toast("error", error.message);
    }
  }

  /** What has to be said of a damaged store that was set aside; told once to whoever asks, after the toast and the log. */
  takeSetAside(): string | undefined {
    const told = this.#aside;
    this.#aside = undefined;
    return told;
  }

  /** @throws MissionError `ERR_SETTINGS` where the project has not what worktrees need. */
  async #isolationFor({ isolation }: Settings): Promise<Pick<Brief, "isolation">> {
    if (isolation === "shared") return {};
    const why = await Worktrees.supported(this.#host.directory);
    if (why === undefined) {
      await this.#cleanUpAfterOthers();
      return { isolation };
    }
    throw new MissionError("ERR_SETTINGS", `isolation "worktree" can't be had here: ${why}`);
  }

  /** A process that ended right after its mission has left worktrees behind. */
  async #cleanUpAfterOthers(): Promise<void> {
    const { directory } = this.#host;
    const going = new Set(this.#unfinished().map(({ brief }) => brief.id));
    const left = (await Worktrees.missions(directory)).filter((mission) => !going.has(mission));
    for (const mission of left) await new Worktrees(directory, mission).clean();
  }

  #drive(parts: Omit<MissionParts, "host" | "isolation" | "languageServers">): Mission {
    const host = this.#host;
    this.#collect(parts.store, parts.brief);
    const { id, isolation } = parts.brief;
    const places = {
      opened: (directory: string) => this.#places.opened(directory),
      left: async (directory: string) => {
        await host.leave(directory);
        await this.#languageServers.leave(directory);
        await this.#places.left(directory);
      },
    };
    return new Mission({
      ...parts,
      host,
      languageServers: this.#languageServers,
      isolation: isolation === undefined ? shared(host.directory) : new Isolated(host.directory, id, places),
    });
  }

  /** The session that leads the mission to go on with. @throws MissionError `ERR_NO_MISSION` */
  leader(id?: string): string {
    const live = this.live;
    return live === undefined ? chosen(this.#unfinished(), id).brief.session : live.brief.session;
  }

  /** The newest mission that an earlier process left, opened; `undefined` where there is none. */
  async left(session: string): Promise<Mission | undefined> {
    return this.#unfinished().length === 0 ? undefined : this.resume(session);
  }

  /** The newest unfinished mission that nobody drives. One whose driver can't be asked about is watched for a while. */
  async #abandoned(): Promise<Unfinished | undefined> {
    const [newest] = this.#unfinished();
    if (newest === undefined) return undefined;
    const store = this.#openStore();
    let earlier: Held | undefined;
    for (;;) {
      if (this.#disposed || this.live !== undefined) return undefined;
      const claim = Ownership.claim(store, newest.brief.id, { earlier });
      if (claim instanceof Ownership) {
        // Whoever goes on with it claims it again: it may be another process, when the user says so there.
        claim[Symbol.dispose]();
        return newest;
      }
      if (claim.liveness === "alive") {
        await this.#host.toast("info", drivenElsewhere(newest.brief, claim.holder));
        return undefined;
      }
      earlier = claim;
      await new Promise((resolve) => setTimeout(resolve, claim.lookAgainMs).unref());
    }
  }

  /** The right to drive a mission. @throws MissionError `ERR_BUSY` where another process has it. */
  #claim(store: Store, brief: Brief): Ownership {
    const claim = Ownership.claim(store, brief.id);
    if (claim instanceof Ownership) return claim;
    throw new MissionError("ERR_BUSY", drivenElsewhere(brief, claim.holder));
  }

  /** Two processes that each drive a mission in one project would change the same files. */
  #refuseWhereDriven(store: Store): void {
    for (const { brief } of unfinished(store)) {
      if (brief.id === this.live?.brief.id) continue;
      this.#claim(store, brief)[Symbol.dispose]();
    }
  }

  /** The newest unfinished mission as another process drives or left it. */
  elsewhere(): Elsewhere | undefined {
    const [newest] = this.#unfinished();
    if (newest === undefined) return undefined;
    const store = this.#openStore();
    using snapshot = store.snapshot();
    const tasks = snapshot.scan<TaskView>(`mission/${newest.brief.id}/task/`).map(({ value }) => value);
    const holder = Ownership.holder(store, newest.brief.id);
    return { brief: newest.brief, snapshot: { ...newest.view, tasks, leases: [] }, holder };
  }

  /** The unfinished missions of the project; where there is no store yet, none is made. */
  #unfinished(): readonly Unfinished[] {
    const known =
      this.#store !== undefined || existsSync(join(this.#host.directory, STATE_FOLDER, STORE_FILE));
    return known ? unfinished(this.#openStore()) : [];
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

  /** The project's folder. */
  get directory(): string {
    return this.#host.directory;
  }

  /** The settings as they stand now. @throws MissionError `ERR_SETTINGS` */
  settings(): Promise<Settings> {
    return loadSettings(settingsFiles(this.#host.directory), this.#options);
  }

  /** Whether the host's search tools are to be ours. @throws MissionError `ERR_SETTINGS` */
  nativeSearch(): Promise<boolean> {
    return nativeSearch(settingsFiles(this.#host.directory), this.#options);
  }

  hear(event: HostEvent): void {
    this.live?.hear(event);
  }

  /** Rejects where a session of the mission may not use a tool as it is about to. Other sessions are nobody's. */
  async guard(use: ToolUse): Promise<void> {
    await this.live?.guard(use);
  }

  /** What has to be ended when the host closes the project: the mission first, for it writes to the store. */
  handlers(): readonly ShutdownHandler[] {
    return [
      { name: "mission", priority: 20, run: () => this.#closeMission() },
      { name: "language servers", priority: 10, run: () => this.#languageServers.close() },
      { name: "store", priority: 0, run: () => this.#closeStore() },
    ];
  }

  /** The language servers for where a session of a mission works. @throws MissionError `ERR_NO_MISSION` */
  diagnosticsFor(session: string): { readonly place: Place; readonly diagnostics: Diagnostics } {
    const place = this.missionOf(session).placeOf(session);
    return { place, diagnostics: this.#languageServers.in(place.directory) };
  }

  async #closeMission(): Promise<void> {
    this.#disposed = true;
    await this.#mission?.close();
  }

  #closeStore(): void {
    this.#store?.close();
    this.#store = undefined;
  }

  #openStore(): Store {
    if (this.#store !== undefined) return this.#store;
    const folder = join(this.#host.directory, STATE_FOLDER);
    mkdirSync(folder, { recursive: true });
    // The folder ignores itself in git, whatever the project's own rules say.
    writeFileSync(join(folder, ".gitignore"), "*\n");
    const store = Store.open(join(folder, STORE_FILE), { setAside: true });
    this.#store = store;
    if (store.setAside !== undefined) {
      this.#aside = setAsideNote(store.setAside);
      void this.#host.toast("error", this.#aside);
      void this.#host.log("error", this.#aside);
    }
    return store;
  }

  /**
   * Every heartbeat and every event is a version. Those from before the mission was opened, or last changed hands, are
   * given up: the documents as they are and the journal stay, so no mission is forgotten and every chain is whole.
   */
  #collect(store: Store, { id }: Brief): void {
    const opened = store.get<Brief>(briefKey(id))?.version;
    if (opened === undefined) return;
    try {
      store.collect(opened);
    } catch (error) {
      // Space can wait; the mission can't.
      void this.#host.log("warn", `old versions could not be collected: ${String(error)}`);
    }
  }
}
