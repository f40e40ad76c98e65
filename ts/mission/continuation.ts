/**
 * The commander's session between its calls: tells the engine when it has come to rest, and brings it the message with
 * which the engine continues it. Whether it is continued, and how often, is the engine's to decide.
 *
 * An idle event is not believed before the host's own record confirms it. The newest answer names that idle edge: many
 * events of one edge are one. A message counts as sent when the session was seen to take it up: a host may accept a
 * prompt that it then can't carry out.
 */
import type { Command, Event } from "../engine/index.ts";
import type { Host, HostEvent } from "../host/host.ts";
import { kindOfFailure } from "./failure.ts";

/** How long a session may take to begin with a message that was handed in, in milliseconds. */
const TAKEN_UP_MS = 15_000;

/** What the commander's session needs. */
export interface ContinuationParts {
  readonly host: Host;
  /** The commander's session. */
  readonly session: string;
  submit(event: Event): void;
}

/** The commander's session of one mission. */
export class Continuation {
  readonly #host: Host;
  readonly #session: string;
  readonly #submit: ContinuationParts["submit"];
  /** Ends the wait for a message to be taken up. */
  #takenUp: ((failure?: string) => void) | undefined;

  constructor({ host, session, submit }: ContinuationParts) {
    this.#host = host;
    this.#session = session;
    this.#submit = submit;
  }

  /** News of any session. */
  hear(event: HostEvent): void {
    if (event.session !== this.#session) return;
    switch (event.type) {
      case "user_spoke":
        this.#submit({ type: "user_spoke" });
        break;
      case "busy":
        this.#takenUp?.();
        break;
      case "error":
        this.#takenUp?.(event.error.message);
        break;
      case "idle":
        void this.#look();
        break;
    }
  }

  /** Carries out a `continue` of the engine's. */
  async send({ edge, session, reason }: Extract<Command, { type: "continue" }>): Promise<void> {
    try {
      if ((await this.#host.statuses()).has(session)) {
        // Somebody was faster: the user, for nobody else talks to it.
        this.#submit({ type: "user_spoke" });
        return;
      }
      const { agent = "commander", model } = (await this.#host.facts(session)) ?? {};
      const takenUp = this.#waitForTakingUp();
      await this.#host.prompt({ session, agent, text: reason, ...(model === undefined ? {} : { model }) });
      await takenUp;
      this.#submit({ type: "continue_accepted", edge });
    } catch (error) {
      this.#submit({ type: "continue_failed", edge, message: messageOf(error) });
    }
  }

  #waitForTakingUp(): Promise<void> {
    const waited = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#takenUp?.("the session did not begin with it"),
        TAKEN_UP_MS,
      ).unref();
      this.#takenUp = (failure) => {
        clearTimeout(timer);
        this.#takenUp = undefined;
        if (failure === undefined) resolve();
        else reject(new Error(failure));
      };
    });
    // The prompt itself may fail first; then nobody waits here.
    waited.catch(() => undefined);
    return waited;
  }

  /** Tells the engine of a rest, or of the user's interruption. A look that fails is left to the next idle event. */
  async #look(): Promise<void> {
    try {
      if ((await this.#host.statuses()).has(this.#session)) return;
      const { answer, complete, error } = await this.#host.lastTurn(this.#session);
      if (error !== undefined && kindOfFailure(error) === "aborted")
        this.#submit({ type: "paused", reason: "interrupted by the user" });
      else if (answer !== undefined && complete)
        this.#submit({ type: "commander_idle", session: this.#session, edge: answer });
    } catch (error) {
      await this.#host.log("warn", messageOf(error));
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
