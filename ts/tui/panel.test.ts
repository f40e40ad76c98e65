import type { Part, ToolPart } from "@opencode-ai/sdk/v2";
import { describe, expect, test } from "vitest";
import { panelOf, type SessionView } from "./panel.ts";

const SESSION = "ses_shown";

type Call = ToolPart["state"];

const time = { start: 0, end: 1 };

const running = (tasks: unknown): Call => ({ status: "running", input: {}, metadata: { tasks }, time });

const completed = (tasks: unknown): Call => ({
  status: "completed",
  input: {},
  output: "",
  title: "",
  metadata: { tasks },
  time,
});

const stopped = (tasks: unknown): Call => ({
  status: "error",
  input: {},
  error: "Tool execution aborted",
  metadata: { tasks, interrupted: true },
  time,
});

const pending: Call = { status: "pending", input: {}, raw: "" };

const task = (id: string, state: string, attempt = 1) => ({ id, title: `The ${id}`, state, attempt });

const part = (state: Call, tool = "run_mission"): Part => ({
  type: "tool",
  id: "prt",
  sessionID: SESSION,
  messageID: "msg",
  callID: "call",
  tool,
  state,
});

/** A session of which each argument is one message. */
function session(...messages: Part[][]): SessionView {
  return {
    messages: (id) => (id === SESSION ? messages.map((_, index) => ({ id: `msg_${index}` })) : []),
    parts: (id) => messages[Number(id.slice("msg_".length))] ?? [],
  };
}

describe("the mission panel", () => {
  test("is absent where no mission was run, also when other tools tell of tasks", () => {
    const view = session([part(running([task("api", "running")]), "todowrite")]);
    expect(panelOf(SESSION, view)).toBeUndefined();
    expect(panelOf("ses_other", session([part(running([task("api", "running")]))]))).toBeUndefined();
  });

  test("is absent until the first call has told of its tasks", () => {
    expect(panelOf(SESSION, session([part(pending)]))).toBeUndefined();
    expect(panelOf(SESSION, session([part(running(undefined))]))).toBeUndefined();
  });

  test("counts what is accepted and shows every task in the plan's order", () => {
    const tasks = [task("api", "accepted"), task("docs", "verifying", 2), task("ui", "pending", 0)];
    expect(panelOf(SESSION, session([part(running(tasks))]))).toEqual({
      headline: { text: "Mission 1/3 accepted", tone: "text" },
      rows: [
        { mark: "✓", tone: "success", id: "api", title: "The api", attempt: 1 },
        { mark: "◐", tone: "info", id: "docs", title: "The docs", attempt: 2 },
        { mark: "○", tone: "textMuted", id: "ui", title: "The ui", attempt: 0 },
      ],
    });
  });

  test("shows the newest call", () => {
    const older = part(completed([task("api", "failed")]));
    const newer = part(running([task("api", "running")]));
    expect(panelOf(SESSION, session([older], [newer]))?.headline.text).toBe("Mission 0/1 accepted");
    expect(panelOf(SESSION, session([older, newer]))?.headline.text).toBe("Mission 0/1 accepted");
  });

  test("keeps the rows of the call before while a new one has told nothing yet", () => {
    const older = part(stopped([task("api", "running")]));
    const panel = panelOf(SESSION, session([older], [part(pending)]));
    expect(panel?.headline).toEqual({ text: "Mission 0/1 accepted", tone: "text" });
    expect(panel?.rows).toHaveLength(1);
  });

  test("says that the final checks run when all tasks ended and the call is still open", () => {
    const tasks = [task("api", "accepted"), task("ui", "accepted")];
    expect(panelOf(SESSION, session([part(running(tasks))]))?.headline).toEqual({
      text: "Mission 2/2 accepted · final checks",
      tone: "text",
    });
    expect(panelOf(SESSION, session([part(completed(tasks))]))?.headline).toEqual({
      text: "Mission 2/2 accepted",
      tone: "success",
    });
  });

  test("calls it a success only when every task is accepted", () => {
    const tasks = [task("api", "accepted"), task("ui", "cancelled")];
    expect(panelOf(SESSION, session([part(completed(tasks))]))?.headline).toEqual({
      text: "Mission 1/2 accepted",
      tone: "text",
    });
  });

  test("tells failures, and that a mission was stopped", () => {
    const failed = [task("api", "accepted"), task("docs", "failed", 3), task("ui", "blocked", 0)];
    expect(panelOf(SESSION, session([part(completed(failed))]))?.headline).toEqual({
      text: "Mission 1/3 accepted · 1 failed",
      tone: "error",
    });
    expect(panelOf(SESSION, session([part(stopped([task("api", "running")]))]))?.headline).toEqual({
      text: "Mission 0/1 accepted · stopped",
      tone: "warning",
    });
  });

  test("leaves out what it can't read: a session may have been written by another version", () => {
    const odd = [null, "api", { id: "api" }, task("docs", "daydreaming"), { ...task("a", "ready"), id: 7 }];
    const view = session([part(running([...odd, task("ui", "reviewing")]))]);
    expect(panelOf(SESSION, view)?.rows.map(({ id }) => id)).toEqual(["ui"]);
    expect(panelOf(SESSION, session([part(running("soon"))]))).toBeUndefined();
  });
});
