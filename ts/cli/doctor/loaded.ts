/** Asks a running OpenCode what it has loaded: its configuration says only what it was told to load. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { ANNOUNCE_VARIABLE, type Announcement } from "../../plugin/announced.ts";
import { CliError, ExitCode } from "../exit.ts";
import { type RunningOpenCode, startOpenCode } from "../opencode.ts";

/** What an OpenCode has loaded for a project. */
export interface Loaded {
  /** OpenCode's version. */
  readonly version: string;
  /** What its joined configuration names as plugins. */
  readonly plugins: readonly string[];
  readonly commands: readonly { readonly name: string; readonly description?: string | undefined }[];
  readonly agents: readonly string[];
  readonly tools: readonly string[];
  /** What it said of plugins that it could not load. */
  readonly errors: readonly string[];
  /** What our plugin said of itself; absent where it was not loaded, or is too old to say anything. */
  readonly announcement: Announcement | undefined;
}

/** A request can be left without an answer for ever right after the start: it is tried again. In milliseconds. */
const REQUEST_MS = 10_000;
const LOOK_AGAIN_MS = 50;
/** A refusal to load a plugin is told by an event, which may come after the answer. */
const LAST_EVENTS_MS = 300;

const Health = z.object({ version: z.string() });
const Named = z.array(z.object({ name: z.string(), description: z.string().optional() }));
const Plugins = z.object({
  plugin: z.array(z.union([z.string(), z.tuple([z.string()]).rest(z.unknown())])).default([]),
});
const SessionError = z.object({
  payload: z.object({
    type: z.literal("session.error"),
    properties: z.object({ error: z.object({ data: z.object({ message: z.string() }) }) }),
  }),
});
const AnnouncementSchema = z.object({
  file: z.string(),
  directory: z.string(),
  runtime: z.string(),
  agents: z.array(z.string()),
  commands: z.array(z.string()),
  tools: z.array(z.string()),
  addon: z.union([z.object({ path: z.string(), version: z.string() }), z.object({ error: z.string() })]),
}) satisfies z.ZodType<Announcement>;

/**
 * Starts `program` in `project` with the user's own configuration and without a network, asks it, and ends it.
 * @param longestMs of all together
 * @throws CliError (failed) where it doesn't start, or doesn't answer in time.
 */
export async function askOpenCode(program: string, project: string, longestMs: number): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), "orchestrator-doctor-"));
  const file = join(folder, "announcement.json");
  const password = randomUUID();
  const running = startOpenCode(program, ["serve", "--port", "0", "--hostname", "127.0.0.1"], {
    cwd: project,
    env: {
      ...process.env,
      [ANNOUNCE_VARIABLE]: file,
      // Nobody else on this machine is to use the server that is started here.
      OPENCODE_SERVER_USERNAME: "doctor",
      OPENCODE_SERVER_PASSWORD: password,
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
      npm_config_offline: "true",
    },
  });
  const deadline = AbortSignal.timeout(longestMs);
  try {
    const url = await address(running, deadline);
    const client = new Client(url, project, `Basic ${btoa(`doctor:${password}`)}`, deadline);
    return await asked(client, file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = deadline.aborted ? `no answer within ${longestMs / 1000} s` : (error as Error).message;
    throw new CliError(ExitCode.Failed, `${why}${lastWords(running)}`, { cause: error });
  } finally {
    running.kill();
    await Promise.race([running.ended, new Promise((resolve) => setTimeout(resolve, 3_000).unref())]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function asked(client: Client, file: string): Promise<Loaded> {
  const { version } = await client.get("/global/health", Health);
  const errors: string[] = [];
  using _listening = await client.listen((event) => {
    const parsed = SessionError.safeParse(event);
    if (parsed.success) errors.push(parsed.data.payload.properties.error.data.message);
  });
  const { plugin } = await client.get("/config", Plugins);
  const commands = await client.get("/command", Named);
  const agents = await client.get("/agent", Named);
  const tools = await client.get("/experimental/tool/ids", z.array(z.string()));
  await new Promise((resolve) => setTimeout(resolve, LAST_EVENTS_MS));
  return {
    version,
    plugins: plugin.map((entry) => (typeof entry === "string" ? entry : entry[0])),
    commands,
    agents: agents.map(({ name }) => name),
    tools,
    errors: [...new Set(errors)],
    announcement: announcementIn(file),
  };
}

function announcementIn(file: string): Announcement | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return AnnouncementSchema.parse(JSON.parse(text));
}

async function address(running: RunningOpenCode, deadline: AbortSignal): Promise<string> {
  let over: number | null | undefined;
  void running.ended.then(
    (code) => {
      over = code;
    },
    () => {
      over = null;
    },
  );
  for (;;) {
    const url = /listening on (http:\/\/\S+)/.exec(running.output())?.[1];
    if (url !== undefined) return url;
    if (over !== undefined) {
      // What could not even be started says so here.
      await running.ended;
      throw new CliError(ExitCode.Failed, `it ended with ${over}${lastWords(running)}`);
    }
    deadline.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

function lastWords(running: RunningOpenCode): string {
  const words = running.output().trim().split("\n").slice(-3).join(" | ");
  return words === "" ? "" : `; it said: ${words.slice(-400)}`;
}

/** OpenCode's API, as far as it is needed here. */
class Client {
  readonly #url: string;
  readonly #directory: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #deadline: AbortSignal;

  constructor(url: string, directory: string, authorization: string, deadline: AbortSignal) {
    this.#url = url;
    this.#directory = directory;
    this.#headers = { authorization };
    this.#deadline = deadline;
  }

  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const url = new URL(path, this.#url);
    url.searchParams.set("directory", this.#directory);
    for (;;) {
      const signal = AbortSignal.any([this.#deadline, AbortSignal.timeout(REQUEST_MS)]);
      try {
        const response = await fetch(url, { headers: this.#headers, signal });
        if (!response.ok)
          throw new CliError(
            ExitCode.Failed,
            `${path} answered ${response.status}: ${(await response.text()).slice(0, 400)}`,
          );
        return schema.parse(await response.json());
      } catch (error) {
        if (this.#deadline.aborted || !signal.aborted) throw error;
      }
    }
  }

  /** Hands each event of all projects to `listener`, from the return on. */
  async listen(listener: (event: unknown) => void): Promise<Disposable> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#deadline, stop.signal]);
    const response = await fetch(new URL("/global/event", this.#url), { headers: this.#headers, signal });
    const { body } = response;
    if (body !== null) void received(body, listener).catch(() => stop.abort());
    return { [Symbol.dispose]: () => stop.abort() };
  }
}

/** Reads server-sent events, each of them one line of JSON. */
async function received(body: ReadableStream<Uint8Array>, listener: (event: unknown) => void): Promise<void> {
  let rest = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data:")) listener(JSON.parse(line.slice(5)));
  }
}
