/** What the doctor has to say of one thing. */

export type Verdict = "ok" | "warning" | "failed" | "not checked";

/** One thing that was looked at, or wasn't: then it is never "ok". */
export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  /** What was found, in a line. */
  readonly found: string;
  /** What to do about it, in a line. */
  readonly fix?: string;
}

export const ok = (name: string, found: string): Check => ({ name, verdict: "ok", found });
export const warning = (name: string, found: string, fix: string): Check => ({
  name,
  verdict: "warning",
  found,
  fix,
});
export const failed = (name: string, found: string, fix: string): Check => ({
  name,
  verdict: "failed",
  found,
  fix,
});
export const notChecked = (name: string, why: string): Check => ({
  name,
  verdict: "not checked",
  found: why,
});
