import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { OPENCODE } from "./home.ts";
import type { Place } from "./run.ts";

const run = promisify(execFile);

/** Why the terminal UI can't be tested here; `undefined` when it can. */
export function tuiUnavailable(): string | undefined {
  const { error } = spawnSync("tmux", ["-V"]);
  return error === undefined ? undefined : `tmux can't be started (${error.message})`;
}

export interface TuiOptions {
  /** Columns and rows. @default 160 × 45 */
  size?: { columns: number; rows: number };
  /** More arguments for `opencode`. */
  args?: readonly string[];
}

/** OpenCode's terminal UI in a terminal that no one sees. */
export class OpenCodeTui {
  readonly #tmux: (...args: string[]) => Promise<string>;

  constructor(tmux: (...args: string[]) => Promise<string>) {
    this.#tmux = tmux;
  }

  /** What is on the screen, as text. */
  screen(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-t", "tui");
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux("send-keys", "-t", "tui", "-l", text);
  }

  /** Presses keys by tmux's names: `Enter`, `Escape`, `C-c`, `Up`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux("send-keys", "-t", "tui", ...keys);
  }

  /** Waits until the screen shows this, and returns the screen; `timeout` is in milliseconds. */
  async waitForText(expected: string | RegExp, timeout = 60_000): Promise<string> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const screen = await this.screen();
      if (typeof expected === "string" ? screen.includes(expected) : expected.test(screen)) return screen;
      if (performance.now() > deadline) {
        throw new Error(`the screen did not show ${expected} within ${timeout} ms:\n${screen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ends the UI and its terminal; either may be gone already. */
  async stop(): Promise<void> {
    if (await this.running()) await this.#tmux("kill-server");
  }

  /** Whether the UI is still there: its terminal ends with it. */
  async running(): Promise<boolean> {
    try {
      await this.#tmux("has-session", "-t", "tui");
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === 1) return false;
      throw error;
    }
  }
}

/** Starts OpenCode's terminal UI in a tmux server of its own, whose socket is in `socketDir`. */
export async function tui(place: Place, socketDir: string, options: TuiOptions = {}): Promise<OpenCodeTui> {
  const env = { ...place.env, PWD: place.cwd };
  const socket = join(socketDir, "tmux");
  const tmux = async (...args: string[]): Promise<string> => {
    const { stdout } = await run("tmux", ["-S", socket, "-f", "/dev/null", ...args], { cwd: place.cwd, env });
    return stdout;
  };
  const { columns, rows } = options.size ?? { columns: 160, rows: 45 };
  const size = ["-x", String(columns), "-y", String(rows)];
  await tmux("new-session", "-d", "-s", "tui", ...size, "-c", place.cwd, OPENCODE, ...(options.args ?? []));
  return new OpenCodeTui(tmux);
}
