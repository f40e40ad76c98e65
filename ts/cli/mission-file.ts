/** Reads missions from a project's store, as another process than the one that drives them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type MissionView, Store, type TaskView } from "../engine/index.ts";
import type { Brief } from "../mission/brief.ts";
import { STATE_FOLDER, STORE_FILE } from "../mission/orchestrator.ts";

/** A mission as it stands in the store. */
export interface StoredMission {
  readonly brief: Brief;
  readonly view: MissionView;
  /** In no particular order. */
  readonly tasks: readonly TaskView[];
}

/** The missions of one project. Opened once there is a store; before that it holds none. */
export class MissionFile implements Disposable {
  readonly #path: string;
  #store: Store | undefined;

  constructor(project: string) {
    this.#path = join(project, STATE_FOLDER, STORE_FILE);
  }

  /** The newest mission that `wanted` names, or `undefined` before there is one. */
  newest(wanted: (mission: string) => boolean = () => true): StoredMission | undefined {
    if (this.#store === undefined && !existsSync(this.#path)) return undefined;
    this.#store ??= Store.open(this.#path);
    using snapshot = this.#store.snapshot();
    const brief = snapshot
      .scan<Brief>("brief/")
      .map(({ value }) => value)
      .filter(({ id }) => wanted(id))
      .reduce<Brief | undefined>(
        (newest, one) => (newest && newest.openedAt > one.openedAt ? newest : one),
        undefined,
      );
    const view = brief && snapshot.get<MissionView>(`mission/${brief.id}`)?.value;
    if (brief === undefined || view === undefined) return undefined;
    return {
      brief,
      view,
      tasks: snapshot.scan<TaskView>(`mission/${brief.id}/task/`).map(({ value }) => value),
    };
  }

  [Symbol.dispose](): void {
    this.#store?.close();
    this.#store = undefined;
  }
}
