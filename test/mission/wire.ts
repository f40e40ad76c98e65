/** What was seen on the wire between OpenCode and the scripted model. */
import type { RecordedRequest, ScriptedModel, WireMessage } from "../../ts/scripted-model/index.ts";

/** The requests of a conversation by `role`, in the order of their arrival. */
export const chats = (model: ScriptedModel, role: string): readonly RecordedRequest[] =>
  model.requests.filter((request) => request.kind === "chat" && request.role === role);

/** Requests by their session, sessions in the order of their first request. */
export function bySession(
  requests: readonly RecordedRequest[],
): ReadonlyMap<string, readonly RecordedRequest[]> {
  const sessions = new Map<string, RecordedRequest[]>();
  for (const request of requests) {
    const { sessionKey } = request;
    sessions.set(sessionKey, [...(sessions.get(sessionKey) ?? []), request]);
  }
  return sessions;
}

/** The texts of a request's messages by `role`. */
export const texts = (request: RecordedRequest | undefined, role: WireMessage["role"]): readonly string[] =>
  (request?.body?.messages ?? []).filter((message) => message.role === role).map(({ text }) => text);

/** What a tool answered: the newest tool message of a request. */
export const lastResult = (request: RecordedRequest | undefined): string =>
  texts(request, "tool").at(-1) ?? "";
