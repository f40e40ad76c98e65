/** Why the scripted model refused to go on; `code` is stable, the message is for people. */
export type ScriptedModelErrorCode =
  | "bad-request"
  | "no-rule"
  | "sequence-used-up"
  | "misplaced-refusal"
  | "wait-timeout"
  | "closed"
  | "listen-failed";

/** The one error class of this library. Recognise it by `code`, also across duplicate installs. */
export class ScriptedModelError extends Error {
  override readonly name = "ScriptedModelError";
  readonly code: ScriptedModelErrorCode;

  constructor(code: ScriptedModelErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
