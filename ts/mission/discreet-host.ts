/** A host that shows no secrets: what we say to people, models and logs goes through a {@link Redactor} first. */
import type { Host } from "../host/host.ts";
import type { Redactor } from "./redaction.ts";

/** `host`, its texts redacted on the way out; what it answers is passed on as it is. */
export function discreet(host: Host, redactor: Redactor): Host {
  return {
    directory: host.directory,
    attended: host.attended,
    answer: (session, request, reply) => host.answer(session, request, reply),
    createSession: (session) => host.createSession({ ...session, title: redactor.redact(session.title) }),
    place: (session, directory) => host.place(session, directory),
    leave: (directory) => host.leave(directory),
    prompt: (prompt) => host.prompt({ ...prompt, text: redactor.redact(prompt.text) }),
    compact: (session, model) => host.compact(session, model),
    abort: (session) => host.abort(session),
    statuses: () => host.statuses(),
    lastTurn: (session) => host.lastTurn(session),
    facts: (session) => host.facts(session),
    modelOf: (agent) => host.modelOf(agent),
    toast: (level, message) => host.toast(level, redactor.redact(message)),
    log: (level, message) => host.log(level, redactor.redact(message)),
  };
}
