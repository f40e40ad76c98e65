import { expect, it, vi } from "vitest";
import type { Event } from "../engine/index.ts";
import { type FakeAgent, FakeHost } from "../host/fake.ts";
import { refusedNote } from "./messages.ts";
import { Permissions } from "./permissions.ts";
import { Sessions } from "./sessions.ts";

const PARENT = "commander";
const TASK = { lease: 1, turn: 1, agent: "worker", title: "t", text: "Do it." };

const NOTHING = { tokens: 0, microUsd: 0, calls: 0 };

/** Sessions on a host that never says that one went idle, and the ends of turns that they told the engine. */
function sessions(worker: FakeAgent) {
  const host = new FakeHost("/nowhere", { worker });
  host.open(PARENT);
  const told: Event[] = [];
  const submit = (event: Event) => {
    told.push(event);
    return { commands: [] };
  };
  return {
    host,
    sessions: new Sessions({
      host,
      parent: PARENT,
      submit,
      counted: () => NOTHING,
      permissions: new Permissions(host, "reject"),
      nameOf: (lease) => `Task ${lease}`,
      fingerprint: async () => undefined,
    }),
    told,
    ends: () => told.filter(({ type }) => type === "session_idle" || type === "session_error"),
  };
}

it("tells of an end that no event told of, when it is asked to look", async () => {
  const { host, sessions: all, ends } = sessions(async () => "done");
  await all.engage(TASK);
  await expect.poll(() => host.busy).toEqual([]);
  expect(ends()).toEqual([]);
  await all.poll(1);
  expect(ends()).toEqual([{ type: "session_idle", lease: 1, turn: 1, text: "done" }]);
});

it("says nothing of a session that still works, and nothing of a lease that has ended", async () => {
  const {
    host,
    sessions: all,
    ends,
  } = sessions(({ number }) => (number === 1 ? new Promise(() => undefined) : Promise.resolve("")));
  await all.engage(TASK);
  await all.poll(1);
  all.release(1);
  const looked = vi.spyOn(host, "statuses");
  await all.poll(1);
  expect(looked).not.toHaveBeenCalled();
  expect(ends()).toEqual([]);
});

it("does not take the last turn's answer for that of a prompt that is still on its way", async () => {
  const { host, sessions: all, ends } = sessions(async ({ number }) => `answer ${number}`);
  await all.engage(TASK);
  await expect.poll(() => host.busy).toEqual([]);
  const last = await host.lastTurn(host.prompts[0]?.session ?? "");
  let arrive = (): void => undefined;
  vi.spyOn(host, "lastTurn").mockReturnValueOnce(
    new Promise((resolve) => {
      arrive = () => resolve(last);
    }),
  );
  const session = host.prompts[0]?.session ?? "";
  const prompted = all.again({ lease: 1, turn: 2, session, agent: "worker" }, "Once more.");
  await all.poll(1);
  expect(ends()).toEqual([{ type: "session_idle", lease: 1, turn: 1, text: "answer 1" }]);
  arrive();
  await prompted;
  await expect.poll(() => host.busy).toEqual([]);
  await all.poll(1);
  expect(ends().at(-1)).toEqual({ type: "session_idle", lease: 1, turn: 2, text: "answer 2" });
});

it("does not ask a slow host twice at once", async () => {
  const { host, sessions: all } = sessions(async () => "done");
  await all.engage(TASK);
  let answer = (): void => undefined;
  const looked = vi.spyOn(host, "statuses").mockReturnValueOnce(
    new Promise((resolve) => {
      answer = () => resolve(new Map());
    }),
  );
  const first = all.poll(1);
  await all.poll(1);
  expect(looked).toHaveBeenCalledTimes(1);
  answer();
  await first;
  await all.poll(1);
  expect(looked).toHaveBeenCalledTimes(2);
});

it("takes a look that failed for no end of the turn: the next one tells", async () => {
  const { host, sessions: all, ends } = sessions(async () => "done");
  await all.engage(TASK);
  await expect.poll(() => host.busy).toEqual([]);
  vi.spyOn(host, "statuses").mockRejectedValueOnce(new Error("connection reset"));
  await all.poll(1);
  expect(ends()).toEqual([]);
  expect(host.logs).toEqual([expect.stringContaining("connection reset")]);
  await all.poll(1);
  expect(ends()).toMatchObject([{ type: "session_idle" }]);
});

it("tells the running total of what a lease and the commander used, each answer once, also after the end", async () => {
  const { host, sessions: all, told } = sessions(async () => "done");
  await all.engage(TASK);
  const session = host.prompts[0]?.session ?? "";
  const used = (of: string, answer: string, tokens: number, cost: number) =>
    all.hear({ type: "used", session: of, answer, tokens, cost });
  used(session, "a1", 10, 0.5);
  used(session, "a1", 12, 0.5);
  all.release(1);
  used(session, "a2", 3, 0.25);
  used(PARENT, "a3", 7, 0);
  used("somebody else's", "a4", 1000, 1);
  expect(told.filter(({ type }) => type === "used")).toEqual([
    { type: "used", lease: 1, usage: { tokens: 10, microUsd: 500_000, calls: 1 } },
    { type: "used", lease: 1, usage: { tokens: 12, microUsd: 500_000, calls: 1 } },
    { type: "used", lease: 1, usage: { tokens: 15, microUsd: 750_000, calls: 2 } },
    { type: "used", usage: { tokens: 7, microUsd: 0, calls: 1 } },
  ]);
});

it("asks the model that the engine names, the agent's own or the commander's where it names none", async () => {
  const { host, sessions: all } = sessions(async () => "done");
  await all.engage({ ...TASK, model: "openrouter/some/model" });
  const session = host.prompts[0]?.session ?? "";
  await all.again({ lease: 1, turn: 2, session, agent: "worker" }, "More.");
  expect(host.prompts.map(({ model }) => model)).toEqual([
    { provider: "openrouter", model: "some/model" },
    host.model,
  ]);
});

it("goes on in a session that an earlier process opened, and tells when the host has it no more", async () => {
  const { host, sessions: all, told, ends } = sessions(async () => "done");
  host.open("old");
  await all.again({ lease: 5, turn: 3, session: "old", agent: "worker" }, "Go on.");
  await expect.poll(() => host.busy).toEqual([]);
  await all.poll(5);
  expect(ends()).toEqual([{ type: "session_idle", lease: 5, turn: 3, text: "done" }]);
  await all.again({ lease: 6, turn: 1, session: "lost", agent: "worker" }, "Go on.");
  expect(told.at(-1)).toMatchObject({ type: "session_error", lease: 6, turn: 1, kind: "gone" });
});

it("tells of a permission question by the name of its task, and stops its clock until it is answered", async () => {
  const { host, sessions: all, told } = sessions(() => new Promise(() => undefined));
  await all.engage(TASK);
  const session = host.prompts[0]?.session ?? "";
  all.hear({ type: "permission_asked", session, request: "p1", permission: "bash", patterns: ["rm x"] });
  expect(host.toasts).toEqual([
    "warning: Task 1 waits for your permission: bash (rm x). Its clock stands until you answer.",
  ]);
  all.hear({ type: "permission_replied", session, request: "p1", granted: true });
  const clock = told.map(({ type }) => type).filter((type) => type.startsWith("clock"));
  expect(clock).toEqual(["clock_stopped", "clock_started"]);
  expect(host.answers).toEqual([]);
});

it("answers by rule where nobody is there, and tells the session in its next message what it was refused", async () => {
  const { host, sessions: all, ends } = sessions(async () => "stopped");
  host.attended = false;
  await all.engage(TASK);
  const session = host.prompts[0]?.session ?? "";
  all.hear({ type: "permission_asked", session, request: "p1", permission: "bash", patterns: ["rm x"] });
  await expect.poll(() => host.answers).toEqual([`${session} p1 reject`]);
  all.hear({ type: "permission_replied", session, request: "p1", granted: false });
  await expect.poll(() => host.busy).toEqual([]);
  await all.poll(1);
  expect(ends()).toMatchObject([{ type: "session_idle", refused: ["bash (rm x)"] }]);
  await all.again({ ...TASK, turn: 2, session }, "Go on.");
  expect(host.prompts[1]?.text).toBe(
    'You were refused: bash (rm x). Do without it, or report "blocked" with what you need it for.\n\nGo on.',
  );
  await all.again({ ...TASK, turn: 3, session }, "Again.");
  expect(host.prompts[2]?.text).toBe("Again.");
});

it("takes a tool that runs for a sign of life at every look, until it has ended", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const { host, sessions: all, told } = sessions(() => new Promise(() => undefined));
  await all.engage(TASK);
  const session = host.prompts[0]?.session ?? "";
  const lives = async () => {
    vi.setSystemTime(Date.now() + 60_000);
    told.length = 0;
    await all.poll(1);
    return told.map(({ type }) => type);
  };
  expect(await lives()).toEqual([]);
  all.hear({ type: "tool_running", session, call: "call_1" });
  expect(await lives()).toEqual(["progress"]);
  expect(await lives()).toEqual(["progress"]);
  all.hear({ type: "tool_ended", session, call: "call_1" });
  expect(await lives()).toEqual([]);
  vi.useRealTimers();
});

it("tells of a compaction that an earlier process began", async () => {
  const { host, sessions: all, ends } = sessions(async () => "");
  await all.engage(TASK);
  const session = host.prompts[0]?.session ?? "";
  await expect.poll(() => host.busy).toEqual([]);
  all.release(1);
  await all.compact({ ...TASK, turn: 2, session });
  expect(host.compacted).toEqual([session]);
  expect(ends()).toEqual([{ type: "session_idle", lease: 1, turn: 2 }]);
});

it("does not say a second time what a message says of a refusal already", async () => {
  const { host, sessions: all } = sessions(async () => "stopped");
  await all.engage(TASK);
  const session = host.prompts[0]?.session ?? "";
  all.hear({ type: "permission_asked", session, request: "p1", permission: "bash", patterns: [] });
  all.hear({ type: "permission_replied", session, request: "p1", granted: false });
  const text = `${refusedNote(["bash"])} Go on.`;
  await all.again({ ...TASK, turn: 2, session }, text);
  expect(host.prompts[1]?.text).toBe(text);
});
