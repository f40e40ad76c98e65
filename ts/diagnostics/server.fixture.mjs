/**
 * A language server that plays a part, told by its first argument. Every line of a document that has BAD in it is an
 * error, every one that has WARN a warning. With a second argument, it writes its process id there at its start, and
 * that of a child of its own.
 */
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import * as rpc from "vscode-jsonrpc/node";

const [part, pidFile] = process.argv.slice(2);
if (pidFile !== undefined) {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  appendFileSync(pidFile, `${process.pid} ${child.pid}\n`);
}
if (part === "crash at start") {
  process.stderr.write("some stack\nError: no compiler here\nmore stack\n");
  process.exit(3);
}

const connection = rpc.createMessageConnection(
  new rpc.StreamMessageReader(process.stdin),
  new rpc.StreamMessageWriter(process.stdout),
);
const documents = new Map();
const pulls = ["pull", "not ready", "no list", "retry", "crash in the middle"].includes(part);
let refused = false;

function found(text) {
  return text.split("\n").flatMap((line, number) => {
    const severity = line.includes("BAD") ? 1 : line.includes("WARN") ? 2 : undefined;
    if (severity === undefined) return [];
    const character = line.search(/BAD|WARN/);
    const range = { start: { line: number, character }, end: { line: number, character: character + 3 } };
    return [{ range, severity, code: "made", message: "it is bad" }];
  });
}

connection.onRequest("initialize", async () => {
  if (part === "silent") await sleep(600_000);
  if (part === "nonsense") process.stdout.write("Content-Length: many\r\n\r\n{oops");
  if (part === "slow") await sleep(700);
  return { capabilities: { textDocumentSync: 1, ...(pulls ? { diagnosticProvider: {} } : {}) } };
});
connection.onRequest("textDocument/diagnostic", async ({ textDocument }) => {
  if (part === "crash in the middle") process.exit(9);
  if (part === "no list") return "all is well";
  if (part === "retry" && !refused) {
    refused = true;
    return new rpc.ResponseError(-32802, "ask again", { retriggerRequest: true });
  }
  return { kind: "full", items: found(documents.get(textDocument.uri)) };
});
connection.onNotification("textDocument/didOpen", async ({ textDocument: { uri, text, version } }) => {
  documents.set(uri, text);
  if (part !== "push" && part !== "slow" && part !== "in parts") return;
  if (part === "slow") await sleep(700);
  if (part === "in parts") {
    await connection.sendNotification("$/progress", {
      token: "t",
      value: { kind: "begin", title: "reading" },
    });
    await connection.sendNotification("textDocument/publishDiagnostics", { uri, version, diagnostics: [] });
    await sleep(900);
  }
  await connection.sendNotification("textDocument/publishDiagnostics", {
    uri,
    version,
    diagnostics: found(text),
  });
  if (part === "in parts")
    await connection.sendNotification("$/progress", { token: "t", value: { kind: "end" } });
});
connection.onNotification("textDocument/didClose", ({ textDocument }) => documents.delete(textDocument.uri));
connection.onNotification("initialized", async () => {
  if (part !== "not ready") return;
  await sleep(500);
  await connection.sendNotification("experimental/serverStatus", { health: "ok", quiescent: true });
});
connection.onRequest("shutdown", () => null);
connection.onNotification("exit", () => process.exit(0));
connection.listen();
