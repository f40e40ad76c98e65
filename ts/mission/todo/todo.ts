/**
 * The plan as people read and edit it: keeps `todo.md` as the plan is, and takes in what somebody changed there.
 * What may be changed is the engine's to say; what is new is the commander's to plan.
 */
import type { Amendment, Outcome, Snapshot } from "../../engine/index.ts";
import type { Brief } from "../brief.ts";
import { plannedTasks } from "../progress.ts";
import { type Item, PLAIN, parseTodo, type Style, type TodoDocument } from "./document.ts";
import { type Current, type Edit, editsOf, matched } from "./edits.ts";
import { TodoFile } from "./file.ts";
import { oneLine, type Proposal, renderTodo, TICKED, titleIn } from "./projection.ts";
import { editedText, toldOf, toldProposed } from "./told.ts";

/** Between looks at the file where nothing moves, in milliseconds. */
const LOOK_EVERY_MS = 2_000;
/** Older texts that an editor may still have open. */
const TEXTS_KEPT = 20;
/** Times that a file is read again because it changed before it was written. */
const MOST_READS = 5;

const PROPOSAL_ID = /^proposed-(\d{1,9})$/;

/** What the file belongs to. */
export interface TodoParts {
  readonly directory: string;
  readonly brief: Brief;
  snapshot(): Snapshot;
  /** Hands a change to the engine. Never throws: what it refuses is ignored, with the reason. */
  amend(item: Amendment): Outcome;
  /** Told once where a file was set aside. */
  warn(message: string): void;
  /** The file can't be read or written. */
  failed(error: unknown): void;
  /** There is something to tell the commander, or to ask the user. */
  edited(): void;
}

/** Asks the user whether a task that they deleted is to be cancelled; rejects when it is not. */
export type AskToCancel = (task: Current) => Promise<void>;

export class Todo {
  readonly #parts: TodoParts;
  readonly #file: TodoFile;
  #style: Style = PLAIN;
  #prose: readonly string[] = [];
  readonly #notes = new Map<string, readonly string[]>();
  readonly #remarks = new Map<string, string>();
  #proposals: Proposal[] = [];
  #proposed = 0;
  /** What we wrote last, and before it by the plan's version. */
  #base: string | undefined;
  readonly #texts = new Map<number, string>();
  #untold: string[] = [];
  #wakes = false;
  readonly #removed = new Set<string>();
  #asking: Promise<void> | undefined;
  /** The plan's tasks as they were at the beginning of the present look. */
  #plan: ReadonlyMap<string, Current> = new Map();
  /** Whether there is another look to be had, and whether something moved since the last. */
  #again = false;
  #moved = false;
  #over = false;
  #working: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #opened = false;
  #warned = false;
  #failure: string | undefined;
  #closing = false;
  #closed = false;

  constructor(parts: TodoParts) {
    this.#parts = parts;
    this.#file = new TodoFile(parts.directory);
  }

  /** What was proposed by hand and is neither planned nor dropped. */
  get proposals(): readonly Proposal[] {
    return this.#proposals;
  }

  /** Whether there is something new that the commander has to decide. A question to the user is answered first. */
  get needsDecision(): boolean {
    return this.#wakes && this.#asking === undefined;
  }

  /** What was changed by hand since this was last asked, as text for the commander. */
  takeEdited(): string | undefined {
    const text = editedText(this.#untold);
    this.#untold = [];
    this.#wakes = false;
    return text;
  }

  /** Takes in what was changed and brings the file up to date; resolves when both is done. Never rejects. */
  refresh(): Promise<void> {
    this.#moved = true;
    return this.#start(false);
  }

  /** As {@link refresh}, also with a file that was saved a moment ago. */
  async refreshNow(): Promise<void> {
    await this.#working;
    this.#moved = true;
    await this.#start(true);
  }

  /** Brings the file up to date a last time; nothing of it runs on. An edit not taken in by now stays for the next process. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.refreshNow();
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Takes proposals out of the file: the commander has decided about them. */
  drop(ids: ReadonlySet<string>): void {
    this.#proposals = this.#proposals.filter(({ id }) => !ids.has(id));
    void this.refresh();
  }

  /** Asks about the tasks that were deleted by hand, one after the other, and does what the answer says. */
  ask(cancel: AskToCancel): void {
    if (this.#removed.size === 0) return;
    this.#asking ??= this.#askAll(cancel).finally(() => {
      this.#asking = undefined;
      this.#parts.edited();
    });
  }

  async #askAll(cancel: AskToCancel): Promise<void> {
    for (const id of this.#removed) {
      const task = this.#task(id);
      if (task !== undefined) {
        const allowed = await cancel(task).then(
          () => true,
          () => false,
        );
        if (allowed) this.#cancel(id);
        else
          this.#refuse(
            id,
            "deleted by hand, not cancelled",
            `${id} was deleted by hand: cancelling it was not allowed, so it stays`,
          );
      }
      this.#removed.delete(id);
      void this.refresh();
    }
  }

  #cancel(id: string): void {
    const { ignored } = this.#parts.amend({ id, status: "cancelled" });
    if (ignored === undefined) {
      this.#remarks.delete(id);
      this.#untold.push(`${id} was deleted by hand and is cancelled`);
    } else
      this.#refuse(id, "deleted by hand, not cancelled", `${id} was deleted by hand, but stays: ${ignored}`);
  }

  #refuse(id: string, remark: string, told: string): void {
    this.#remarks.set(id, remark);
    this.#untold.push(told);
  }

  #start(now: boolean): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#again = true;
    this.#working ??= this.#work(now).finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #work(now: boolean): Promise<void> {
    clearTimeout(this.#timer);
    let wait = LOOK_EVERY_MS;
    while (this.#again) {
      this.#again = false;
      try {
        wait = await this.#bring(now);
        this.#failure = undefined;
      } catch (error) {
        this.#moved = true;
        this.#fail(error);
      }
    }
    if (this.#closing || this.#closed || this.#over) return;
    this.#timer = setTimeout(() => void this.#start(false), wait).unref();
  }

  /** What goes wrong at every look is told once. */
  #fail(error: unknown): void {
    const failure = String(error);
    if (failure !== this.#failure) this.#parts.failed(error);
    this.#failure = failure;
  }

  /** @returns in how many milliseconds to look again. */
  async #bring(now: boolean): Promise<number> {
    // Before there is a plan nothing is read: what is there then is not of this mission.
    if (this.#plan.size === 0) this.#learn();
    if (this.#plan.size === 0) return LOOK_EVERY_MS;
    for (let reads = 0; reads < MOST_READS; reads += 1) {
      const found = await this.#file.look(now);
      if (found.type === "settling") return found.lookAgainMs;
      if (this.#closing && (found.type === "text" || found.type === "unreadable")) return LOOK_EVERY_MS;
      if (found.type === "same" && !this.#moved) return LOOK_EVERY_MS;
      this.#learn();
      await this.#open(found.type === "same");
      if (found.type === "text") await this.#read(found.text);
      if (found.type === "unreadable") await this.#setAside("todo.md.orig", `it ${found.why}`);
      const snapshot = this.#learn();
      this.#tidy();
      this.#moved = false;
      const text = renderTodo(this.#parts.brief, snapshot, this.#handwritten);
      if (await this.#file.write(text)) {
        this.#wrote(text, snapshot.revision);
        return LOOK_EVERY_MS;
      }
    }
    this.#moved = true;
    return LOOK_EVERY_MS;
  }

  /** The first look: what an earlier process of this mission wrote is gone on with. */
  async #open(untouched: boolean): Promise<void> {
    if (this.#opened) return;
    const written = await this.#file.written();
    const base = written === undefined ? undefined : this.#parse(written);
    this.#opened = true;
    if (written === undefined || base?.mission !== this.#parts.brief.id) return;
    this.#wrote(written, base.version ?? 0);
    this.#keep(base, base);
    if (untouched) this.#style = base.style;
    for (const { id, title, notes } of this.#proposals) this.#tell(toldProposed(id, title, notes));
  }

  /** A text that is not the one we wrote last. */
  async #read(text: string): Promise<void> {
    const theirs = this.#parse(text);
    if (!this.#isOurs(theirs)) return this.#replace(text, theirs);
    const exactBase = theirs.version === undefined ? undefined : this.#texts.get(theirs.version);
    const base = this.#parse(exactBase ?? this.#base ?? "");
    const exact = exactBase !== undefined;
    const tasks = [...this.#plan.values()];
    const edits = editsOf({ base, exact, theirs, tasks, proposals: this.#proposals });
    this.#style = theirs.style;
    this.#keep(theirs, base);
    for (const edit of edits) this.#take(edit);
    if (edits.length > 0) this.#parts.edited();
  }

  /** Whether a text shows this mission: by its comment or, where that is gone, by its items. */
  #isOurs({ mission, items }: TodoDocument): boolean {
    if (mission !== undefined) return mission === this.#parts.brief.id;
    return (
      this.#base !== undefined && items.some(({ id }) => id !== undefined && this.#task(id) !== undefined)
    );
  }

  /** Another mission's file never counts for this one; it is kept, unless it is as we wrote it. */
  async #replace(text: string, { mission }: TodoDocument): Promise<void> {
    if (text === (await this.#file.written())) return;
    if (mission === undefined) return this.#setAside("todo.md.orig", "it is not one of this mission");
    await this.#setAside(`todo.${mission}.md`, `it is of mission ${mission}`);
  }

  async #setAside(name: string, why: string): Promise<void> {
    const kept = await this.#file.setAside(name);
    if (!this.#warned) this.#parts.warn(`.orchestrator/todo.md was moved to ${kept}: ${why}.`);
    this.#warned = true;
  }

  /** Keeps what people wrote; what `base` has and `theirs` has not was deleted by them. */
  #keep(theirs: TodoDocument, base: TodoDocument): void {
    const { found, rest } = matched(theirs, base, [...this.#plan.values()]);
    this.#prose = theirs.prose;
    for (const [id, { notes }] of found) {
      if (notes.length === 0) this.#notes.delete(id);
      else this.#notes.set(id, notes);
      if (base === theirs && isTickedByHand(found.get(id))) this.#remarks.set(id, TICKED);
    }
    for (const item of rest) this.#keepProposal(item, base === theirs);
  }

  #keepProposal(item: Item, isBase: boolean): void {
    const number = PROPOSAL_ID.exec(item.id ?? "")?.[1];
    if (item.id === undefined || number === undefined) return;
    const at = this.#proposals.findIndex(({ id }) => id === item.id);
    if (at === -1 && !isBase) return;
    const title = oneLine(titleIn(item.text));
    const ticked = item.mark?.toLowerCase() === "x" || isTickedByHand(item);
    const proposal = { id: item.id, title, notes: item.notes, ticked };
    this.#proposed = Math.max(this.#proposed, Number(number));
    const former = this.#proposals[at];
    if (former === undefined) this.#proposals.push(proposal);
    else {
      this.#proposals[at] = proposal;
      if (former.title !== title || former.notes.join("\n") !== item.notes.join("\n"))
        this.#tell(toldProposed(proposal.id, title, item.notes));
    }
  }

  #take(edit: Edit): void {
    switch (edit.type) {
      case "proposed":
        this.#propose(edit);
        break;
      case "dropped":
        this.#proposals = this.#proposals.filter(({ id }) => id !== edit.id);
        break;
      case "removed":
        if (this.#over) break;
        this.#removed.add(edit.id);
        this.#remarks.set(edit.id, "deleted by hand, to be confirmed");
        break;
      case "retitled":
        this.#retitle(edit.id, edit.title);
        break;
      case "ticked":
        this.#remarks.set(edit.id, TICKED);
        this.#untold.push(toldOf(edit, this.#state(edit.id)));
        break;
      case "unticked":
      case "noted":
        this.#untold.push(toldOf(edit, this.#state(edit.id)));
        break;
    }
  }

  #propose({ title, notes, ticked }: Extract<Edit, { type: "proposed" }>): void {
    this.#proposed += 1;
    const id = `proposed-${this.#proposed}`;
    this.#proposals.push({ id, title, notes, ticked });
    this.#tell(toldProposed(id, title, notes));
  }

  #state(id: string): string {
    return this.#task(id)?.state ?? "not in the plan any more";
  }

  #retitle(id: string, title: string): void {
    const { ignored } = this.#parts.amend({ id, title });
    if (ignored === undefined) this.#untold.push(`${id} was renamed by hand: ${title}`);
    else this.#refuse(id, "title kept", `${id} was to be renamed by hand to "${title}": ${ignored}`);
  }

  /** To be told, and worth waking the commander for. */
  #tell(line: string): void {
    this.#untold.push(line);
    this.#wakes = true;
  }

  /** Takes out what has been overtaken by the plan. */
  #tidy(): void {
    const tasks = [...this.#plan.values()];
    const planned = new Set(tasks.flatMap(({ id, title }) => [id, oneLine(title).toLowerCase()]));
    this.#proposals = this.#proposals.filter(
      ({ id, title }) => !planned.has(id) && !planned.has(title.toLowerCase()),
    );
    for (const { id, state } of tasks) {
      if (state === "accepted" || state === "cancelled") this.#remarks.delete(id);
    }
  }

  #wrote(text: string, version: number): void {
    this.#base = text;
    this.#texts.delete(version);
    this.#texts.set(version, text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > TEXTS_KEPT && oldest !== undefined) this.#texts.delete(oldest);
  }

  get #handwritten() {
    return {
      style: this.#style,
      prose: this.#prose,
      notes: this.#notes,
      remarks: this.#remarks,
      proposals: this.#proposals,
    };
  }

  #parse(text: string): TodoDocument {
    const proposed = new Set(this.#proposals.map(({ id }) => id));
    return parseTodo(text, (id) => this.#plan.has(id) || proposed.has(id) || PROPOSAL_ID.test(id));
  }

  #task(id: string): Current | undefined {
    return this.#plan.get(id);
  }

  #learn(): Snapshot {
    const snapshot = this.#parts.snapshot();
    this.#plan = new Map(plannedTasks(snapshot).map((task) => [task.id, task]));
    this.#over = snapshot.phase === "done";
    return snapshot;
  }
}

function isTickedByHand(item: Item | undefined): boolean {
  return item?.text.endsWith(` — ${TICKED}`) === true;
}
