/**
 * OpenCode 1's events, as {@link HostEvent}s. The published types trail what is really emitted, so each event is
 * checked here; one that does not have the expected shape is dropped.
 */
import * as z from "zod";
import { EDIT_TOOLS, EditInput, filesOfEdit } from "../edit-tools.ts";
import type { HostEvent } from "../host.ts";
import { hostErrorOf } from "./errors.ts";

const OfSession = z.object({ sessionID: z.string() });
const Status = OfSession.extend({
  status: z.object({
    type: z.string(),
    message: z.string().catch(""),
    /** When it asks again, in milliseconds since the epoch. */
    next: z.number().optional().catch(undefined),
  }),
});
const Failed = z.object({ sessionID: z.string(), error: z.unknown() });
const Asked = OfSession.extend({
  id: z.string(),
  permission: z.string(),
  patterns: z.array(z.string()).catch([]),
});
const Replied = OfSession.extend({ requestID: z.string(), reply: z.string().catch("") });
const Deleted = z.object({ info: z.object({ id: z.string() }) });
const count = z.number().nonnegative().catch(0);
/** An answer that is whole: until then its numbers are zero. */
const Answered = z.object({
  info: z.object({
    id: z.string(),
    sessionID: z.string(),
    role: z.literal("assistant"),
    time: z.object({ completed: z.number() }),
    cost: count,
    tokens: z.object({
      input: count,
      output: count,
      reasoning: count,
      cache: z.object({ read: count, write: count }).catch({ read: 0, write: 0 }),
    }),
  }),
});
const PartUpdated = z.object({ part: OfSession });
const ToolPart = z.object({
  part: OfSession.extend({
    type: z.literal("tool"),
    tool: z.string(),
    callID: z.string(),
    state: z.object({ status: z.string() }),
  }),
});
const FilesWritten = z.object({
  part: OfSession.extend({
    type: z.literal("tool"),
    tool: z.enum(EDIT_TOOLS),
    state: z.object({ status: z.literal("completed"), input: EditInput }),
  }),
});

/** The news in an event of OpenCode's, or `undefined` when it has none for us. */
export function hostEventOf(event: {
  readonly type: string;
  readonly properties?: unknown;
}): HostEvent | undefined {
  const read = READERS[event.type];
  return read?.(event.properties);
}

type Reader = (properties: unknown) => HostEvent | undefined;

/** A reader for one type of event: parses its properties, then makes the news of them. */
function reader<T>(schema: z.ZodType<T>, news: (properties: T) => HostEvent | undefined): Reader {
  return (properties) => {
    const parsed = schema.safeParse(properties);
    return parsed.success ? news(parsed.data) : undefined;
  };
}

const part = reader(PartUpdated, ({ part: { sessionID } }) => ({ type: "progress", session: sessionID }));
const written = reader(FilesWritten, ({ part: { sessionID, state } }) => ({
  type: "files_written",
  session: sessionID,
  paths: filesOfEdit(state.input),
}));

/** Those that only change files are done at once, and {@link written}. */
const tool = reader(ToolPart, ({ part: { sessionID, tool, callID, state } }) => {
  if (EDIT_TOOLS.some((name) => name === tool)) return undefined;
  if (state.status === "running") return { type: "tool_running", session: sessionID, call: callID };
  if (state.status === "completed" || state.status === "error")
    return { type: "tool_ended", session: sessionID, call: callID };
  return undefined;
});

const READERS: Readonly<Record<string, Reader>> = {
  // `idle` is told by `session.idle`, which follows; a state not known here counts as busy.
  "session.status": reader(Status, ({ sessionID, status: { type, message, next } }) => {
    if (type === "idle") return undefined;
    if (type !== "retry") return { type: "busy", session: sessionID };
    const nextMs = Math.max(0, (next ?? Date.now()) - Date.now());
    return { type: "retrying", session: sessionID, message, nextMs };
  }),
  "session.idle": reader(OfSession, ({ sessionID }) => ({ type: "idle", session: sessionID })),
  "session.error": reader(Failed, ({ sessionID, error }) => ({
    type: "error",
    session: sessionID,
    error: hostErrorOf(error),
  })),
  "session.deleted": reader(Deleted, ({ info }) => ({ type: "deleted", session: info.id })),
  "message.updated": reader(Answered, ({ info: { id, sessionID, cost, tokens } }) => ({
    type: "used",
    session: sessionID,
    answer: id,
    tokens: tokens.input + tokens.output + tokens.reasoning + tokens.cache.read + tokens.cache.write,
    cost,
  })),
  "message.part.updated": (properties) => written(properties) ?? tool(properties) ?? part(properties),
  "message.part.delta": reader(OfSession, ({ sessionID }) => ({ type: "progress", session: sessionID })),
  "permission.asked": reader(Asked, ({ sessionID, id, permission, patterns }) => ({
    type: "permission_asked",
    session: sessionID,
    request: id,
    permission,
    patterns,
  })),
  "permission.replied": reader(Replied, ({ sessionID, requestID, reply }) => ({
    type: "permission_replied",
    session: sessionID,
    request: requestID,
    granted: reply !== "reject",
  })),
};
