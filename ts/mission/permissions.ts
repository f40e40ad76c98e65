/**
 * The permission questions of a mission's sessions. Nobody looks at those sessions, so each question is told by the name
 * of its task, and answered by rule where nobody is there: nothing waits unseen.
 */
import type { Host, HostEvent, PermissionReply } from "../host/host.ts";

type Asked = Extract<HostEvent, { type: "permission_asked" }>;

/** What a question that nobody can answer is answered with. */
export type Unattended = "reject" | "allow";

/** One question, as people are told of it. */
interface Question {
  readonly session: string;
  /** For example `bash (npm install)`. */
  readonly what: string;
}

const REPLY: Readonly<Record<Unattended, PermissionReply>> = { reject: "reject", allow: "once" };

/** Patterns that are shown of one question; the rest are counted. */
const SHOWN = 3;

/** The questions of one mission. */
export class Permissions {
  readonly #host: Host;
  readonly #unattended: Unattended;
  readonly #open = new Map<string, Question>();
  /** What was refused to a session since it was last told. */
  readonly #refused = new Map<string, string[]>();

  constructor(host: Host, unattended: Unattended) {
    this.#host = host;
    this.#unattended = unattended;
  }

  /** The questions that wait for a person, as `session: what`. */
  get waiting(): readonly Question[] {
    return [...this.#open.values()];
  }

  /** A session of `who` asks. */
  async asked(who: string, { session, request, permission, patterns }: Asked): Promise<void> {
    const more = patterns.length > SHOWN ? ` and ${patterns.length - SHOWN} more` : "";
    const what =
      patterns.length === 0 ? permission : `${permission} (${patterns.slice(0, SHOWN).join(", ")}${more})`;
    this.#open.set(request, { session, what });
    if (this.#host.attended) {
      await this.#host.toast(
        "warning",
        `${who} waits for your permission: ${what}. Its clock stands until you answer.`,
      );
      return;
    }
    const reply = REPLY[this.#unattended];
    await this.#host.log("warn", `${who} asked for ${what}: ${reply}, for nobody is there to answer`);
    await this.#host
      .answer(session, request, reply)
      .catch((error: unknown) => this.#host.log("error", String(error)));
  }

  /** A question was answered, by whomever. */
  replied(request: string, granted: boolean): void {
    const question = this.#open.get(request);
    this.#open.delete(request);
    if (question === undefined || granted) return;
    const { session, what } = question;
    this.#refused.set(session, [...(this.#refused.get(session) ?? []), what]);
  }

  /** What was refused to a session since {@link takeRefused} was last asked. */
  refusedTo(session: string): readonly string[] {
    return this.#refused.get(session) ?? [];
  }

  /** As {@link refusedTo}, for its next message, which says so. */
  takeRefused(session: string): readonly string[] {
    const refused = this.refusedTo(session);
    this.#refused.delete(session);
    return refused;
  }

  /** Forgets a session that has ended. */
  forget(session: string): void {
    this.#refused.delete(session);
    for (const [request, question] of this.#open)
      if (question.session === session) this.#open.delete(request);
  }
}
