/** The one error class of the mission layer. */

/** Stable names of what can go wrong; messages may change, these don't. */
export type MissionErrorCode =
  | "ERR_SETTINGS"
  | "ERR_NO_MISSION"
  | "ERR_WRONG_AGENT"
  | "ERR_BUSY"
  | "ERR_SCOPE"
  | "ERR_ARGUMENTS";

/** Something that was asked of a mission can't be done. The message says what was tried, what was found, what to do. */
export class MissionError extends Error {
  readonly code: MissionErrorCode;

  constructor(code: MissionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MissionError";
    this.code = code;
  }
}
