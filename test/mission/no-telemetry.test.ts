import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { say } from "../../ts/scripted-model/index.ts";
import { chatCount, expectNoProcess } from "./aftermath.ts";
import { missionBench, PLUGIN } from "./bench.ts";
import { cast, commanding, DIAMOND } from "./plan.ts";
import { storedMission } from "./stored.ts";

const fixture = (name: string): string => join(import.meta.dirname, "../opencode/fixtures", name);
const CONTACTS = fixture("contacts-plugin.mjs");
const TELEMETRY = fixture("telemetry-plugin.mjs");

/** Commander 3, workers 5 × 3, the final review 2. */
const REQUESTS = 20;

/** A proxy that lets nothing through and keeps where everybody wanted to go. */
async function deadEnd() {
  const wanted: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    wanted.push(`proxy ${new URL(url).origin}`);
    response.writeHead(403).end();
  });
  server.on("connect", ({ url }, socket) => {
    wanted.push(`proxy ${url}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { wanted, address, [Symbol.dispose]: () => void server.close() };
}

/** Where OpenCode with these plugins turns to while it plays a mission, or a chat where there is none of ours. */
async function contacts(plugins: readonly string[]) {
  using proxy = await deadEnd();
  const proxied = { HTTP_PROXY: proxy.address, HTTPS_PROXY: proxy.address, ALL_PROXY: proxy.address };
  const lower = Object.fromEntries(Object.entries(proxied).map(([key, value]) => [key.toLowerCase(), value]));
  const here = "127.0.0.1,localhost,::1";
  await using bench = await missionBench(cast(commanding(DIAMOND)).otherwise(say("Hello.")), {
    env: { ...proxied, ...lower, NO_PROXY: here, no_proxy: here },
  });
  const file = join(bench.home.dir, "contacts.txt");
  await bench.configure({ plugin: null, config: { plugin: [[CONTACTS, { file }], ...plugins] } });
  const ours = plugins.includes(PLUGIN);
  const { code, stderr } = await bench.run("say hello", ours ? { command: "task" } : {});
  expect(code, stderr).toBe(0);
  if (ours) expect(storedMission(bench.project.dir).view.outcome).toBe("accepted");
  expect(chatCount(bench)).toBeLessThanOrEqual(ours ? REQUESTS : 1);
  await expectNoProcess(bench);
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n").filter(Boolean);
  const model = new URL(bench.model.url).host;
  return [...new Set([...lines, ...proxy.wanted])].map((line) => line.replace(model, "MODEL")).sort();
}

test("a whole mission turns to nobody but the model, and to whom OpenCode itself turns (complaint 18)", async () => {
  const alone = await contacts([]);
  const mission = await contacts([PLUGIN]);
  expect(mission).toContain("fetch http://MODEL");
  expect(mission.filter((contact) => !alone.includes(contact))).toEqual([]);
});

test("a plugin that reports home, by itself or by a program that it starts, would be seen", async () => {
  expect(await contacts([TELEMETRY])).toEqual(
    expect.arrayContaining([
      "fetch http://itself.example.invalid",
      "proxy http://child.example.invalid",
      "tcp 192.0.2.1:9",
    ]),
  );
});

test("the addon can't reach a network: it brings in no function that could", async () => {
  const folder = dirname(PLUGIN);
  const addons = (await readdir(folder)).filter((name) => name.endsWith(".node"));
  expect(addons).not.toEqual([]);
  for (const name of addons) {
    const bytes = await readFile(join(folder, name), "latin1");
    // As linkers write names: a file is opened, so names are found.
    expect(bytes, name).toMatch(/\0_?open(?:64)?\0|CreateFileW/);
    expect(
      bytes.match(/\0_?(?:connect|getaddrinfo|sendto|WSAConnect|WSASocketW)\0/)?.[0],
      name,
    ).toBeUndefined();
  }
});
