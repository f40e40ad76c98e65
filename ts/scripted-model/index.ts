/**
 * A model that says what it is told to: an OpenAI-compatible server on loopback for tests and demos.
 *
 * ```ts
 * await using model = await startScriptedModel({
 *   scenario: scenario()
 *     .role("worker", turns([call("write", { filePath: "a.ts", content: "" }), call("report_task", { status: "done" })]))
 *     .otherwise(say("done")),
 * });
 * await model.waitFor((request) => request.role === "worker", 10_000);
 * ```
 */
export { ScriptedModelError, type ScriptedModelErrorCode } from "./error.ts";
export { type Outcome, peakInFlight, type RecordedRequest } from "./recording.ts";
export type { ChatRequest, OfferedTool, WireMessage, WireToolCall } from "./request.ts";
export { type Responder, Scenario, type Script, scenario, type TurnsOptions, turns } from "./scenario.ts";
export { type ScriptedModel, type ScriptedModelOptions, startScriptedModel } from "./server.ts";
export {
  after,
  call,
  callRaw,
  cut,
  cutToolCall,
  type FinishReason,
  finish,
  garbage,
  pace,
  type RefuseOptions,
  type Reply,
  refuse,
  type Step,
  say,
  stall,
  type ToolArguments,
  type Usage,
  usage,
  wait,
} from "./step.ts";
export { type Classifier, defaultRole, type RequestKind, type ToolResult, type Turn } from "./turn.ts";
