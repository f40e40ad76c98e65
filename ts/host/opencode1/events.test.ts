import { describe, expect, it } from "vitest";
import { hostEventOf } from "./events.ts";

const sessionID = "ses_1";

/** A tool call's part of a message, as OpenCode emits it. */
const toolPart = (tool: string, status: string, input: object) => ({
  type: "message.part.updated",
  properties: {
    part: { id: "prt_1", callID: "call_1", sessionID, type: "tool", tool, state: { status, input } },
  },
});

describe("hostEventOf", () => {
  it("tells that a session is idle once, by the event that is for it", () => {
    expect(hostEventOf({ type: "session.idle", properties: { sessionID } })).toEqual({
      type: "idle",
      session: sessionID,
    });
    const status = { type: "session.status", properties: { sessionID, status: { type: "idle" } } };
    expect(hostEventOf(status)).toBeUndefined();
  });

  it("tells that the host itself asks a provider again, and in how long", () => {
    const status = { type: "retry", attempt: 2, message: "Too Many Requests", next: Date.now() + 60_000 };
    const event = hostEventOf({ type: "session.status", properties: { sessionID, status } });
    expect(event).toMatchObject({ type: "retrying", session: sessionID, message: "Too Many Requests" });
    expect(event?.type === "retrying" && event.nextMs).toBeGreaterThan(50_000);
    const bare = { type: "session.status", properties: { sessionID, status: { type: "retry" } } };
    expect(hostEventOf(bare)).toEqual({ type: "retrying", session: sessionID, message: "", nextMs: 0 });
  });

  it.each(["busy", "a state of a later version"])("counts the status %j as busy", (type) => {
    expect(hostEventOf({ type: "session.status", properties: { sessionID, status: { type } } })).toEqual({
      type: "busy",
      session: sessionID,
    });
  });

  it("reads the error of a session", () => {
    const error = { name: "APIError", data: { message: "no", statusCode: 500 } };
    expect(hostEventOf({ type: "session.error", properties: { sessionID, error } })).toEqual({
      type: "error",
      session: sessionID,
      error: { name: "APIError", message: "no", status: 500 },
    });
  });

  it("reads what an answer used when it is whole, and not before", () => {
    const info = {
      id: "msg_1",
      sessionID,
      role: "assistant",
      cost: 0.25,
      tokens: { input: 10, output: 5, reasoning: 1, cache: { read: 100, write: 4 } },
    };
    const updated = (time: object) => ({ type: "message.updated", properties: { info: { ...info, time } } });
    expect(hostEventOf(updated({ created: 1, completed: 2 }))).toEqual({
      type: "used",
      session: sessionID,
      answer: "msg_1",
      tokens: 120,
      cost: 0.25,
    });
    expect(hostEventOf(updated({ created: 1 }))).toBeUndefined();
  });

  it("drops an error that belongs to no session", () => {
    expect(hostEventOf({ type: "session.error", properties: { error: { name: "X" } } })).toBeUndefined();
  });

  it("knows a deleted session by its own id", () => {
    const event = { type: "session.deleted", properties: { info: { id: sessionID } } };
    expect(hostEventOf(event)).toEqual({ type: "deleted", session: sessionID });
  });

  it("takes every part and every delta for progress", () => {
    const progress = { type: "progress", session: sessionID };
    const part = { type: "message.part.updated", properties: { part: { type: "text", sessionID } } };
    expect(hostEventOf(part)).toEqual(progress);
    expect(hostEventOf({ type: "message.part.delta", properties: { sessionID, delta: "x" } })).toEqual(
      progress,
    );
  });

  it.each(["write", "edit"])("tells which file a finished %s has written", (tool) => {
    expect(hostEventOf(toolPart(tool, "completed", { filePath: "src/a.ts" }))).toEqual({
      type: "files_written",
      session: sessionID,
      paths: ["src/a.ts"],
    });
  });

  it("tells every file that a finished patch names, also where it moved one", () => {
    const patchText = [
      "*** Begin Patch",
      "*** Add File: src/new.ts",
      "+export {};",
      "*** Update File: src/old.ts",
      "*** Move to: src/moved.ts",
      "@@",
      "*** Delete File: src/gone file.ts",
      "*** End Patch",
    ].join("\n");
    expect(hostEventOf(toolPart("apply_patch", "completed", { patchText }))).toEqual({
      type: "files_written",
      session: sessionID,
      paths: ["src/new.ts", "src/old.ts", "src/moved.ts", "src/gone file.ts"],
    });
  });

  it.each([
    ["a write that still runs", toolPart("write", "running", { filePath: "a" })],
    ["a write that failed", toolPart("write", "error", { filePath: "a" })],
    ["a call that is still being written", toolPart("bash", "pending", {})],
  ])("takes %s for progress only", (_, event) => {
    expect(hostEventOf(event)).toEqual({ type: "progress", session: sessionID });
  });

  it.each([
    ["running", "tool_running"],
    ["completed", "tool_ended"],
    ["error", "tool_ended"],
  ])("tells of a tool that is %s", (status, type) => {
    const event = toolPart("bash", status, { command: "make" });
    expect(hostEventOf(event)).toEqual({ type, session: sessionID, call: "call_1" });
  });

  it("joins a permission question and its reply by the request's id", () => {
    const asked = { id: "per_1", sessionID, permission: "bash", patterns: ["ls"] };
    expect(hostEventOf({ type: "permission.asked", properties: asked })).toEqual({
      type: "permission_asked",
      session: sessionID,
      request: "per_1",
      permission: "bash",
      patterns: ["ls"],
    });
    const replied = { sessionID, requestID: "per_1", reply: "once" };
    expect(hostEventOf({ type: "permission.replied", properties: replied })).toEqual({
      type: "permission_replied",
      session: sessionID,
      request: "per_1",
      granted: true,
    });
  });

  it("drops what it does not know and what has not the expected shape", () => {
    expect(hostEventOf({ type: "lsp.updated", properties: {} })).toBeUndefined();
    expect(hostEventOf({ type: "session.idle" })).toBeUndefined();
    expect(hostEventOf({ type: "session.idle", properties: { sessionID: 7 } })).toBeUndefined();
    expect(hostEventOf({ type: "session.deleted", properties: null })).toBeUndefined();
  });
});
