/** What a server publishes by itself, and when it can be taken for all that it has to say. */
import type * as lsp from "vscode-languageserver-protocol";

/** How long a server must have been quiet after it has spoken of every file, in milliseconds. */
const QUIET_MS = 500;

/** The published diagnostics of the documents that are open at the moment. */
export class Published {
  readonly #latest = new Map<string, lsp.PublishDiagnosticsParams | undefined>();
  readonly #underWay = new Set<lsp.ProgressToken>();
  #listener: (() => void) | undefined;

  /** Forgets what was said before; only what is said of `uris` from now on counts. */
  begin(uris: readonly string[]): void {
    this.#latest.clear();
    for (const uri of uris) this.#latest.set(normal(uri), undefined);
  }

  hear(parameters: lsp.PublishDiagnosticsParams): void {
    const uri = normal(parameters.uri);
    if (!this.#latest.has(uri)) return;
    this.#latest.set(uri, parameters);
    this.#listener?.();
  }

  /** Work that the server reports on: while some is under way it has not said its last. */
  progress(token: lsp.ProgressToken, value: unknown): void {
    const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
    if (kind === "begin") this.#underWay.add(token);
    if (kind === "end") this.#underWay.delete(token);
    this.#listener?.();
  }

  /**
   * Resolves once every one of `uris` has been spoken of, in `version` where the server tells versions, no work is
   * under way, and nothing new came for a moment. Never resolves with a server that is silent; `signal` ends the wait.
   */
  settled(
    uris: readonly string[],
    version: number,
    signal: AbortSignal,
  ): Promise<readonly (readonly lsp.Diagnostic[])[]> {
    return new Promise((resolve, reject) => {
      let quiet: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(quiet);
        this.#listener = undefined;
        signal.removeEventListener("abort", stop);
      };
      const stop = () => {
        end();
        reject(signal.reason);
      };
      const look = () => {
        clearTimeout(quiet);
        const found = uris.map((uri) => this.#latest.get(normal(uri)));
        const spoken = found.every((one) => one !== undefined && (one.version ?? version) === version);
        if (!spoken || this.#underWay.size > 0) return;
        quiet = setTimeout(() => {
          end();
          resolve(found.map((one) => one?.diagnostics ?? []));
        }, QUIET_MS);
      };
      this.#listener = look;
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
      else look();
    });
  }
}

/** Servers write a drive's letter and special characters in ways of their own. */
function normal(uri: string): string {
  try {
    return decodeURIComponent(uri).replace(
      /^file:\/\/\/([A-Z]):/,
      (_, drive: string) => `file:///${drive.toLowerCase()}:`,
    );
  } catch {
    // Not encoded at all: it is what it is.
    return uri;
  }
}
