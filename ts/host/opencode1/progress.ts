/**
 * What a running tool call shows of itself. The `metadata` of a plugin's tool context does nothing in OpenCode
 * 1.18.33 (anomalyco/opencode #50313: it returns an effect that nobody runs), so the call's part is written to.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { OpencodeClient, ToolPart } from "@opencode-ai/sdk";

/** A call may execute a moment before its part says so; until then writing to it would be undone. */
const BEGINNING_MS = 50;

export interface Shown {
  readonly title: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Where the call stands. */
export interface CallPlace {
  readonly session: string;
  readonly message: string;
  readonly tool: string;
}

export class CallProgress {
  readonly #client: OpencodeClient;
  readonly #place: CallPlace;
  readonly #signal: AbortSignal;
  readonly #failed: (error: unknown) => void;
  #next: Shown | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  /** @param failed Told why something could not be shown; the call goes on. */
  constructor(
    client: OpencodeClient,
    place: CallPlace,
    signal: AbortSignal,
    failed: (error: unknown) => void,
  ) {
    this.#client = client;
    this.#place = place;
    this.#signal = signal;
    this.#failed = failed;
  }

  /** Shows this soon; what could not be shown before it is passed over. */
  show(shown: Shown): void {
    this.#next = shown;
    this.#writing ??= this.#write()
      .catch(this.#failed)
      .finally(() => {
        this.#writing = undefined;
      });
  }

  /** Nothing is written after this: a late write would turn an ended call back into a running one. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  get #over(): boolean {
    return this.#closed || this.#signal.aborted;
  }

  async #write(): Promise<void> {
    while (this.#next !== undefined && !this.#over) {
      const part = await this.#part();
      if (this.#over) return;
      if (part === undefined) {
        await sleep(BEGINNING_MS);
        continue;
      }
      const state = { ...part.state, ...this.#next };
      this.#next = undefined;
      await this.#client["_client"].patch({
        url: "/session/{sessionID}/message/{messageID}/part/{id}",
        path: { sessionID: part.sessionID, messageID: part.messageID, id: part.id },
        body: { ...part, state },
        headers: { "content-type": "application/json" },
        throwOnError: true,
      });
    }
  }

  /** The part of the call, once it is running. */
  async #part(): Promise<ToolPart | undefined> {
    const { session, message, tool } = this.#place;
    const { data } = await this.#client.session.message({
      path: { id: session, messageID: message },
      throwOnError: true,
    });
    return data.parts.find(
      (part): part is ToolPart =>
        part.type === "tool" && part.tool === tool && part.state.status === "running",
    );
  }
}
