/** {@link Host} on the client that OpenCode 1 gives to a plugin. */
import type { PluginInput } from "@opencode-ai/plugin";
import * as z from "zod";
import {
  type Host,
  HostFailure,
  type LastTurn,
  type ModelRef,
  type NewSession,
  type PermissionReply,
  type Prompt,
  type SessionFacts,
  type SessionStatus,
  type ToastLevel,
} from "../host.ts";
import { hostErrorOf } from "./errors.ts";

type Client = PluginInput["client"];

const SessionInfo = z.object({
  parentID: z.string().optional(),
  agent: z.string().optional(),
  model: z.object({ id: z.string(), providerID: z.string(), variant: z.string().optional() }).optional(),
});

const MessageInfo = z.object({
  id: z.string(),
  role: z.string(),
  agent: z.string().optional(),
  model: z.object({ providerID: z.string(), modelID: z.string(), variant: z.string().optional() }).optional(),
  time: z.object({ completed: z.number().optional() }).optional(),
  error: z.unknown().optional(),
});

/** OpenCode writes a variant nobody chose as "default", and refuses that word when it is handed back. */
const NO_VARIANT = "default";

const NOT_FOUND = 404;

/** Of OpenCode's own command line, those that open projects. */
const SUBCOMMANDS: ReadonlySet<string> = new Set(["run", "serve", "web", "acp", "attach"]);

/** Sessions, prompts and toasts of one project in OpenCode 1. */
export class OpenCode1Host implements Host {
  readonly directory: string;
  /** In `opencode run` nobody is asked: its own questions are refused, those of child sessions wait for ever. */
  readonly attended = process.argv.slice(2).find((word) => SUBCOMMANDS.has(word)) !== "run";
  readonly #client: Client;
  readonly #models = new Map<string, ModelRef>();
  /** The folders of sessions that don't work in the project's own. */
  readonly #folders = new Map<string, string>();

  constructor(client: Client, directory: string) {
    this.#client = client;
    this.directory = directory;
  }

  /** Takes note of the models in the user's configuration: `provider/model` for each agent that has one. */
  learnModels(
    agents: Readonly<Record<string, { readonly model?: unknown; readonly variant?: unknown } | undefined>>,
  ): void {
    for (const [agent, settings] of Object.entries(agents)) {
      if (typeof settings?.model !== "string") continue;
      const [provider = "", ...model] = settings.model.split("/");
      const variant = typeof settings.variant === "string" ? settings.variant : undefined;
      this.#models.set(agent, modelRef(provider, model.join("/"), variant));
    }
  }

  modelOf(agent: string): ModelRef | undefined {
    return this.#models.get(agent);
  }

  async createSession({ parent, title, directory }: NewSession): Promise<string> {
    const session = await answered(
      `could not open a session for "${title}"`,
      this.#client.session.create({
        body: { parentID: parent, title },
        query: { directory: directory ?? this.directory },
      }),
    );
    if (directory !== undefined) this.place(session.id, directory);
    return session.id;
  }

  place(session: string, directory: string): void {
    this.#folders.set(session, directory);
  }

  async leave(directory: string): Promise<void> {
    for (const [session, folder] of this.#folders) if (folder === directory) this.#folders.delete(session);
    // OpenCode keeps what it has loaded for a folder until it is told.
    await this.#unheard(this.#client.instance.dispose({ query: { directory } }));
  }

  async prompt({ session, agent, model, text }: Prompt): Promise<void> {
    const body = {
      agent,
      ...(model === undefined ? {} : { model: { providerID: model.provider, modelID: model.model } }),
      ...(model?.variant === undefined ? {} : { variant: model.variant }),
      parts: [{ type: "text" as const, text, synthetic: true }],
    };
    await accepted(
      `could not prompt session ${session}`,
      this.#client.session.promptAsync({ path: { id: session }, query: this.#at(session), body }),
    );
  }

  async compact(session: string, { provider, model }: ModelRef): Promise<void> {
    await accepted(
      `could not compact session ${session}`,
      this.#client.session.summarize({
        path: { id: session },
        query: this.#at(session),
        body: { providerID: provider, modelID: model },
      }),
    );
  }

  async abort(session: string): Promise<void> {
    await accepted(
      `could not stop session ${session}`,
      this.#client.session.abort({ path: { id: session }, query: this.#at(session) }),
    );
  }

  async answer(session: string, request: string, reply: PermissionReply): Promise<void> {
    await accepted(
      `could not answer a permission question of session ${session}`,
      this.#client.postSessionIdPermissionsPermissionId({
        path: { id: session, permissionID: request },
        query: this.#at(session),
        body: { response: reply },
      }),
    );
  }

  async statuses(): Promise<ReadonlyMap<string, SessionStatus>> {
    const folders = new Set([this.directory, ...this.#folders.values()]);
    const answers = await Promise.all(
      [...folders].map((directory) =>
        answered(
          "could not ask which sessions are busy",
          this.#client.session.status({ query: { directory } }),
        ),
      ),
    );
    return new Map(
      answers.flatMap((statuses) => Object.entries(statuses)).map(([id, { type }]) => [id, statusOf(type)]),
    );
  }

  async lastTurn(session: string): Promise<LastTurn> {
    const messages = await this.#messages(session);
    const last = messages.findLast(({ info }) => info.role === "assistant");
    if (last === undefined) return { complete: false, text: "" };
    // A prompt that came after the newest answer makes that answer an old one.
    if (messages.at(-1) !== last) return { answer: last.info.id, complete: false, text: "" };
    const text = last.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    const info = shaped(MessageInfo, last.info, `could not read the answer in session ${session}`);
    const failed = info.error !== undefined && info.error !== null;
    return {
      answer: info.id,
      complete: info.time?.completed !== undefined && !failed,
      text,
      ...(failed ? { error: hostErrorOf(info.error) } : {}),
    };
  }

  async facts(session: string): Promise<SessionFacts | undefined> {
    const tried = `could not ask who session ${session} is`;
    const { data, error, response } = await this.#client.session
      .get({ path: { id: session }, query: this.#at(session) })
      .catch((cause: unknown) => {
        throw new HostFailure(tried, cause);
      });
    if (data === undefined) {
      if (response.status === NOT_FOUND) return undefined;
      throw new HostFailure(tried, error);
    }
    const { parentID, agent, model } = shaped(SessionInfo, data, tried);
    const known = {
      ...(parentID === undefined ? {} : { parent: parentID }),
      ...(agent === undefined ? {} : { agent }),
    };
    if (model !== undefined) return { ...known, model: modelRef(model.providerID, model.id, model.variant) };
    const asked = (await this.#messages(session)).findLast(({ info }) => info.role === "user");
    const of = asked === undefined ? undefined : shaped(MessageInfo, asked.info, tried);
    return {
      ...(of?.agent === undefined ? {} : { agent: of.agent }),
      ...known,
      ...(of?.model === undefined
        ? {}
        : { model: modelRef(of.model.providerID, of.model.modelID, of.model.variant) }),
    };
  }

  async toast(level: ToastLevel, message: string): Promise<void> {
    await this.#unheard(this.#client.tui.showToast({ body: { variant: level, message }, query: this.#here }));
  }

  async log(level: "debug" | "info" | "warn" | "error", message: string): Promise<void> {
    const body = { service: "opencode-orchestrator", level, message };
    await this.#unheard(this.#client.app.log({ body, query: this.#here }));
  }

  #at(session: string): { directory: string } {
    return { directory: this.#folders.get(session) ?? this.directory };
  }

  get #here(): { directory: string } {
    return { directory: this.directory };
  }

  async #messages(session: string) {
    return answered(
      `could not read session ${session}`,
      this.#client.session.messages({ path: { id: session }, query: this.#at(session) }),
    );
  }

  /** A toast or a log line that can't be delivered must never end a mission. */
  async #unheard(sent: Promise<unknown>): Promise<void> {
    await sent.catch(() => undefined);
  }
}

function modelRef(provider: string, model: string, variant: string | undefined): ModelRef {
  return { provider, model, ...(variant === undefined || variant === NO_VARIANT ? {} : { variant }) };
}

function statusOf(type: string): SessionStatus {
  return type === "idle" || type === "retry" ? type : "busy";
}

/** What OpenCode answered, in the shape that is needed of it. */
function shaped<T>(schema: z.ZodType<T>, found: unknown, tried: string): T {
  const parsed = schema.safeParse(found);
  if (parsed.success) return parsed.data;
  throw new HostFailure(tried, `an answer of another shape than expected: ${z.prettifyError(parsed.error)}`);
}

interface Response<T> {
  readonly data?: T | undefined;
  readonly error?: unknown;
}

/** The data of a response; rejects with what the host said when there is none. */
async function answered<T>(tried: string, response: Promise<Response<T>>): Promise<NonNullable<T>> {
  const { data, error } = await response.catch((cause: unknown) => ({ data: undefined, error: cause }));
  if (data === undefined || data === null) throw new HostFailure(tried, error ?? "no answer");
  return data;
}

/** As {@link answered}, for calls that answer with nothing. */
async function accepted(tried: string, response: Promise<Response<unknown>>): Promise<void> {
  const { error } = await response.catch((cause: unknown) => ({ error: cause }));
  if (error !== undefined) throw new HostFailure(tried, error);
}
