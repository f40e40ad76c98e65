import { describe, expect, it } from "vitest";
import { clientOf } from "./client.fixture.ts";
import { CallProgress } from "./progress.ts";

const PLACE = { session: "s", message: "m", tool: "run_mission" };
const PART = "PATCH /session/s/message/m/part/p";

const part = (status: string) => ({
  id: "p",
  sessionID: "s",
  messageID: "m",
  type: "tool",
  tool: "run_mission",
  callID: "c",
  state: { status, input: {}, time: { start: 1 } },
});

/** A client whose call of the tool goes through these states, a look each; the last stays. */
function calling(...states: readonly string[]) {
  const left = [...states];
  return clientOf({
    "GET /session/s/message/m": () => ({
      info: { id: "m" },
      parts: [part((left.length > 1 ? left.shift() : left[0]) ?? "running")],
    }),
    [PART]: () => ({}),
  });
}

const written = (received: readonly { route: string; body: unknown }[]) =>
  received.filter(({ route }) => route === PART).map(({ body }) => body);

function progressOf(client: ReturnType<typeof clientOf>["client"], signal = new AbortController().signal) {
  const failures: unknown[] = [];
  return { progress: new CallProgress(client, PLACE, signal, (error) => failures.push(error)), failures };
}

describe("the progress of a tool call", () => {
  it("is written into the call's part, whose other fields stay", async () => {
    const { client, received } = calling("running");
    const { progress, failures } = progressOf(client);
    progress.show({ title: "1/5 accepted", metadata: { tasks: [] } });
    await expect.poll(() => written(received)).toHaveLength(1);
    expect(written(received)[0]).toEqual({
      ...part("running"),
      state: { ...part("running").state, title: "1/5 accepted", metadata: { tasks: [] } },
    });
    expect(failures).toEqual([]);
  });

  it("waits until the call is known to run", async () => {
    const { client, received } = calling("pending", "pending", "running");
    const { progress } = progressOf(client);
    progress.show({ title: "t", metadata: {} });
    await expect.poll(() => written(received)).toHaveLength(1);
  });

  it("passes over what was overtaken", async () => {
    const { client, received } = calling("running");
    const { progress } = progressOf(client);
    for (const title of ["1", "2", "3"]) progress.show({ title, metadata: {} });
    await expect.poll(() => written(received)).toMatchObject([{ state: { title: "3" } }]);
  });

  it("is not written once the call has ended or was aborted: that would make it run again", async () => {
    const esc = new AbortController();
    for (const end of ["close", "abort"] as const) {
      const { client, received } = calling("pending");
      const { progress } = progressOf(client, esc.signal);
      progress.show({ title: "late", metadata: {} });
      if (end === "abort") esc.abort();
      await progress.close();
      expect(written(received)).toEqual([]);
    }
  });

  it("that can't be written is told and does no harm", async () => {
    const { client } = clientOf({});
    const { progress, failures } = progressOf(client);
    progress.show({ title: "t", metadata: {} });
    await expect.poll(() => failures).toHaveLength(1);
    await progress.close();
  });
});
