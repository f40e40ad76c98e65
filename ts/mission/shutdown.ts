/** Ends what runs, in order: handlers by priority, each within a time of its own, so that one that hangs holds up nothing for good. */

/** How long one handler may take before the next is called, in milliseconds. */
const HANDLER_MS = 5_000;

/** One thing that has to be ended. */
export interface ShutdownHandler {
  readonly name: string;
  /** The highest first; handlers of one priority run together. */
  readonly priority: number;
  run(): void | Promise<void>;
}

/** The handlers of one process or project. */
export class Shutdown {
  readonly #handlers: ShutdownHandler[] = [];
  readonly #failed: (handler: string, error: unknown) => void;
  readonly #handlerMs: number;
  #running: Promise<void> | undefined;

  /** `failed` hears of a handler that throws or takes longer than `handlerMs`. */
  constructor(failed: (handler: string, error: unknown) => void, handlerMs = HANDLER_MS) {
    this.#failed = failed;
    this.#handlerMs = handlerMs;
  }

  add(handler: ShutdownHandler): void {
    this.#handlers.push(handler);
  }

  /** Runs every handler once; later calls wait for the first. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    const priorities = [...new Set(this.#handlers.map(({ priority }) => priority))].sort((a, b) => b - a);
    for (const priority of priorities) {
      const together = this.#handlers.filter((handler) => handler.priority === priority);
      await Promise.all(together.map((handler) => this.#runOne(handler)));
    }
  }

  async #runOne(handler: ShutdownHandler): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(`it took longer than ${this.#handlerMs} ms and was left behind`);
      timer = setTimeout(() => reject(error), this.#handlerMs);
    });
    try {
      await Promise.race([Promise.resolve().then(() => handler.run()), late]);
    } catch (error) {
      this.#failed(handler.name, error);
    } finally {
      clearTimeout(timer);
    }
  }
}
