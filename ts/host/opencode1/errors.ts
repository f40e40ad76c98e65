/** OpenCode 1's errors, as {@link HostError}s. */
import * as z from "zod";
import type { HostError } from "../host.ts";

const Named = z.object({
  name: z.string(),
  data: z
    .object({
      message: z.string().optional(),
      statusCode: z.number().optional(),
      responseBody: z.string().optional(),
      responseHeaders: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});

/** Reads the error of a session or of an answer. What has no known shape becomes an `UnknownError` with its text. */
export function hostErrorOf(error: unknown): HostError {
  const parsed = Named.safeParse(error);
  if (!parsed.success) {
    return {
      name: "UnknownError",
      message: typeof error === "string" ? error : (JSON.stringify(error) ?? "no details"),
    };
  }
  const { name, data } = parsed.data;
  const retryAfterMs = retryAfter(data?.responseHeaders ?? {});
  const codes = codesIn(data?.responseBody);
  return {
    name,
    message: data?.message ?? name,
    ...(codes.length === 0 ? {} : { codes }),
    ...(data?.statusCode === undefined ? {} : { status: data.statusCode }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

const Body = z.object({
  error: z.object({ code: z.unknown(), type: z.unknown(), status: z.unknown() }).partial(),
});

/** The names that a provider's answer has for its error: OpenAI's `code` and `type`, Anthropic's `type`, Google's `status`. */
function codesIn(body: string | undefined): readonly string[] {
  if (body === undefined) return [];
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
  const parsed = Body.safeParse(json);
  if (!parsed.success) return [];
  const { code, type, status } = parsed.data.error;
  return [code, type, status].filter((name) => typeof name === "string");
}

/** `Retry-After` in seconds (RFC 9110, section 10.2.3) or the millisecond form some providers send. */
function retryAfter(headers: Readonly<Record<string, string>>): number | undefined {
  const find = (name: string) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const milliseconds = Number(find("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(milliseconds)) return Math.max(0, milliseconds);
  const text = find("retry-after");
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
