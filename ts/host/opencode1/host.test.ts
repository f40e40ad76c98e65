import { describe, expect, it } from "vitest";
import { HostFailure } from "../host.ts";
import { type Answer, clientOf } from "./client.fixture.ts";
import { OpenCode1Host } from "./host.ts";

const DIRECTORY = "/project";

function hostWith(answers: Readonly<Record<string, Answer>>) {
  const { client, received } = clientOf(answers);
  return { host: new OpenCode1Host(client, DIRECTORY), received };
}

const empty = () => new Response(null, { status: 204 });
const refused = () =>
  Response.json({ name: "BadRequest", data: { message: "no such agent" } }, { status: 400 });
const brokenOff = () => {
  throw new Error("connection reset");
};

const user = (id: string, more: object = {}) => ({ info: { id, role: "user", ...more }, parts: [] });
const assistant = (id: string, more: object = {}, ...texts: string[]) => ({
  info: { id, role: "assistant", time: { created: 1, completed: 2 }, ...more },
  parts: [{ type: "step-start" }, ...texts.map((text) => ({ type: "text", text }))],
});

/** The newest turn of a session with these messages. */
const lastTurn = (...messages: unknown[]) =>
  hostWith({ "GET /session/s/message": () => messages }).host.lastTurn("s");

describe("a session", () => {
  it("is opened below its parent, in the project's folder", async () => {
    const { host, received } = hostWith({ "POST /session": () => ({ id: "ses_new" }) });
    expect(await host.createSession({ parent: "ses_1", title: "a: Title" })).toBe("ses_new");
    expect(received).toEqual([
      { route: "POST /session", directory: DIRECTORY, body: { parentID: "ses_1", title: "a: Title" } },
    ]);
  });

  it("that can't be opened says what was tried and what the host said", async () => {
    const { host } = hostWith({ "POST /session": refused });
    const opening = host.createSession({ parent: "p", title: "a: Title" });
    await expect(opening).rejects.toThrow(HostFailure);
    await expect(opening).rejects.toThrow(/could not open a session for "a: Title": .*no such agent/);
  });

  it("is stopped by its id", async () => {
    const { host, received } = hostWith({ "POST /session/s/abort": () => true });
    await host.abort("s");
    expect(received.map(({ route }) => route)).toEqual(["POST /session/s/abort"]);
  });

  it("whose status has a word of a later version counts as busy", async () => {
    const { host } = hostWith({
      "GET /session/status": () => ({
        a: { type: "busy" },
        b: { type: "retry" },
        c: { type: "idle" },
        d: { type: "?" },
      }),
    });
    expect([...(await host.statuses())]).toEqual([
      ["a", "busy"],
      ["b", "retry"],
      ["c", "idle"],
      ["d", "busy"],
    ]);
  });
});

describe("a prompt", () => {
  it("always carries its agent and model, and is marked as not typed by the user", async () => {
    const { host, received } = hostWith({ "POST /session/s/prompt_async": empty });
    const model = { provider: "p", model: "m", variant: "high" };
    await host.prompt({ session: "s", agent: "worker", model, text: "go" });
    expect(received).toEqual([
      {
        route: "POST /session/s/prompt_async",
        directory: DIRECTORY,
        body: {
          agent: "worker",
          model: { providerID: "p", modelID: "m" },
          variant: "high",
          parts: [{ type: "text", text: "go", synthetic: true }],
        },
      },
    ]);
  });

  it("leaves the model to the host where none is known", async () => {
    const { host, received } = hostWith({ "POST /session/s/prompt_async": empty });
    await host.prompt({ session: "s", agent: "worker", text: "go" });
    expect(received[0]?.body).toEqual({
      agent: "worker",
      parts: [{ type: "text", text: "go", synthetic: true }],
    });
  });

  it.each([
    ["is refused", refused, /could not prompt session s: .*no such agent/],
    ["does not get through", brokenOff, /could not prompt session s: .*connection reset/],
  ])("that %s is a failure of the host", async (_, answer, message) => {
    const { host } = hostWith({ "POST /session/s/prompt_async": answer });
    const prompting = host.prompt({ session: "s", agent: "worker", text: "go" });
    await expect(prompting).rejects.toThrow(HostFailure);
    await expect(prompting).rejects.toThrow(message);
  });
});

describe("the last turn", () => {
  it("is complete once its answer is, with the texts of all its parts", async () => {
    expect(await lastTurn(user("u"), assistant("a", {}, "one ", "two"))).toEqual({
      answer: "a",
      complete: true,
      text: "one two",
    });
  });

  it("is not complete while it is being written", async () => {
    const writing = assistant("a", { time: { created: 1 } }, "on");
    expect(await lastTurn(user("u"), writing)).toEqual({ answer: "a", complete: false, text: "on" });
  });

  it("is not the one before the newest prompt", async () => {
    expect(await lastTurn(user("u"), assistant("a", {}, "old"), user("u2"))).toEqual({
      answer: "a",
      complete: false,
      text: "",
    });
  });

  it("of a session that was never answered has no answer", async () => {
    expect(await lastTurn(user("u"))).toEqual({ complete: false, text: "" });
    expect(await lastTurn()).toEqual({ complete: false, text: "" });
  });

  it("that failed is never complete, and says why", async () => {
    const error = { name: "APIError", data: { message: "overloaded", statusCode: 529 } };
    expect(await lastTurn(user("u"), assistant("a", { error }, "half"))).toEqual({
      answer: "a",
      complete: false,
      text: "half",
      error: { name: "APIError", message: "overloaded", status: 529 },
    });
  });
});

describe("who a session is", () => {
  it("is told by the session itself where it knows", async () => {
    const { host } = hostWith({
      "GET /session/s": () => ({
        id: "s",
        parentID: "p",
        agent: "build",
        model: { id: "m", providerID: "x", variant: "low" },
      }),
    });
    expect(await host.facts("s")).toEqual({
      parent: "p",
      agent: "build",
      model: { provider: "x", model: "m", variant: "low" },
    });
  });

  it("is read from the newest message of the user where the session does not say", async () => {
    const { host } = hostWith({
      "GET /session/s": () => ({ id: "s" }),
      "GET /session/s/message": () => [
        user("u1", { agent: "plan", model: { providerID: "x", modelID: "old" } }),
        user("u2", { agent: "build", model: { providerID: "x", modelID: "new" } }),
        assistant("a"),
      ],
    });
    expect(await host.facts("s")).toEqual({ agent: "build", model: { provider: "x", model: "new" } });
  });

  it("leaves out the variant that nobody chose: the host refuses its own word for it", async () => {
    const model = { id: "m", providerID: "x", variant: "default" };
    const { host } = hostWith({ "GET /session/s": () => ({ id: "s", model }) });
    expect((await host.facts("s"))?.model).toEqual({ provider: "x", model: "m" });
  });

  it("is nothing for a session that the host does not know", async () => {
    expect(await hostWith({}).host.facts("s")).toBeUndefined();
  });

  it.each([
    ["over a broken connection", brokenOff],
    ["of a host that answers with an error", refused],
  ])("can't be asked %s: that is a failure, not an unknown session", async (_, answer) => {
    const asking = hostWith({ "GET /session/s": answer }).host.facts("s");
    await expect(asking).rejects.toThrow(HostFailure);
    await expect(asking).rejects.toThrow("could not ask who session s is");
  });
});

describe("the user's models", () => {
  it("are learnt by agent, slashes in a model's name and variants included", () => {
    const { host } = hostWith({});
    host.learnModels({
      worker: { model: "openrouter/vendor/model", variant: "high" },
      reviewer: { model: "p/m", variant: "default" },
      planner: {},
      gone: undefined,
    });
    expect(host.modelOf("worker")).toEqual({
      provider: "openrouter",
      model: "vendor/model",
      variant: "high",
    });
    expect(host.modelOf("reviewer")).toEqual({ provider: "p", model: "m" });
    expect(host.modelOf("planner")).toBeUndefined();
    expect(host.modelOf("gone")).toBeUndefined();
  });
});

describe("a toast and a log line", () => {
  it("reach the host as they are", async () => {
    const { host, received } = hostWith({ "POST /tui/show-toast": () => true, "POST /log": () => true });
    await host.toast("warning", "careful");
    await host.log("warn", "noted");
    expect(received.map(({ body }) => body)).toEqual([
      { variant: "warning", message: "careful" },
      { service: "opencode-orchestrator", level: "warn", message: "noted" },
    ]);
  });

  it("that can't be delivered end nothing", async () => {
    const { host } = hostWith({ "POST /tui/show-toast": brokenOff, "POST /log": refused });
    await expect(host.toast("info", "x")).resolves.toBeUndefined();
    await expect(host.log("info", "x")).resolves.toBeUndefined();
  });
});
