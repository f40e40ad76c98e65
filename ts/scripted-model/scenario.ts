import { ScriptedModelError } from "./error.ts";
import { type Reply, say } from "./step.ts";
import type { Turn } from "./turn.ts";

/** Decides what the model does in a turn. */
export type Responder = (turn: Turn) => Reply | Promise<Reply>;

/** A responder, or the reply itself where it is always the same. */
export type Script = Responder | Reply;

const toResponder = (script: Script): Responder => (typeof script === "function" ? script : () => script);

interface Rule {
  readonly name: string;
  readonly applies: (turn: Turn) => boolean;
  readonly respond: Responder;
}

/**
 * What the model says to whom. Rules are asked in the order in which they were added; a scenario is
 * never changed, each method returns a longer one. Titles and summaries are answered by a short
 * text, unless {@link Scenario.title} or {@link Scenario.compaction} says otherwise.
 */
export class Scenario {
  readonly #rules: readonly Rule[];

  constructor(rules: readonly Rule[] = []) {
    this.#rules = rules;
  }

  /** Chat turns of this role. */
  role(role: string, script: Script): Scenario {
    return this.#with(`role ${role}`, (turn) => turn.kind === "chat" && turn.role === role, script);
  }

  /** Chat turns that `applies` accepts. */
  when(applies: (turn: Turn) => boolean, script: Script): Scenario {
    return this.#with("when", (turn) => turn.kind === "chat" && applies(turn), script);
  }

  /** Every chat turn that no rule before took. */
  otherwise(script: Script): Scenario {
    return this.#with("otherwise", (turn) => turn.kind === "chat", script);
  }

  /** Requests for a session's title. */
  title(script: Script): Scenario {
    return this.#with("title", (turn) => turn.kind === "title", script);
  }

  /** Requests for a summary of the conversation. */
  compaction(script: Script): Scenario {
    return this.#with("compaction", (turn) => turn.kind === "compaction", script);
  }

  /**
   * The reply to a turn.
   *
   * @throws {ScriptedModelError} `no-rule` when no rule takes a chat turn.
   */
  async respond(turn: Turn): Promise<Reply> {
    const rule = this.#rules.find((candidate) => candidate.applies(turn));
    if (rule !== undefined) return rule.respond(turn);
    if (turn.kind === "title") return say("Scripted session");
    if (turn.kind === "compaction") return say("Summary of the conversation so far.");
    const known = this.#rules.map((candidate) => candidate.name).join(", ") || "none";
    throw new ScriptedModelError(
      "no-rule",
      `no rule for role "${turn.role}", turn ${turn.number} of ${turn.sessionKey}; rules: ${known}`,
    );
  }

  #with(name: string, applies: (turn: Turn) => boolean, script: Script): Scenario {
    return new Scenario([...this.#rules, { name, applies, respond: toResponder(script) }]);
  }
}

/** A scenario with no rules yet. */
export const scenario = (): Scenario => new Scenario();

export interface TurnsOptions {
  /** What comes once the list is used up; without it, an error that says so. */
  rest?: Script;
  /** Turns that share a key share one place in the list (default: the session). */
  per?: (turn: Turn) => string;
}

/** Replies in order, counted for each session on its own; a retried request takes the next one. */
export function turns(scripts: readonly Script[], options: TurnsOptions = {}): Responder {
  const responders = scripts.map(toResponder);
  const last = options.rest === undefined ? undefined : toResponder(options.rest);
  const key = options.per ?? ((turn: Turn) => turn.sessionKey);
  const taken = new Map<string, number>();
  return (turn) => {
    const place = taken.get(key(turn)) ?? 0;
    taken.set(key(turn), place + 1);
    const respond = responders[place] ?? last;
    if (respond === undefined) {
      throw new ScriptedModelError(
        "sequence-used-up",
        `turn ${place + 1} asked of a sequence of ${responders.length}, by role "${turn.role}" in ${key(turn)}`,
      );
    }
    return respond(turn);
  };
}
