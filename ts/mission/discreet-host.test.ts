import { expect, it } from "vitest";
import { FakeHost } from "../host/fake.ts";
import { discreet } from "./discreet-host.ts";
import { Redactor } from "./redaction.ts";

const secret = `ghp_${"a1B2".repeat(9)}`;

it("a discreet host hands on prompts, titles, toasts and log lines without their secrets", async () => {
  const inner = new FakeHost("/project", { worker: async () => "done" });
  inner.open("parent");
  const host = discreet(inner, new Redactor());
  const session = await host.createSession({ parent: "parent", title: `use ${secret}` });
  await host.prompt({ session, agent: "worker", text: `key: ${secret}` });
  await host.toast("info", `got ${secret}`);
  await host.log("info", `got ${secret}`);
  const seen = JSON.stringify([inner.prompts, inner.toasts, inner.logs]);
  expect(seen).toContain("[redacted GitHub token]");
  expect(seen).not.toContain(secret);
});
