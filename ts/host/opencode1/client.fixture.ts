/** OpenCode's own client on answers made by hand: what is sent is what would go over the wire. */
import { createOpencodeClient } from "@opencode-ai/sdk";

/** A request as OpenCode's server would get it. */
export interface Received {
  /** Method and path. */
  readonly route: string;
  readonly directory: string | null;
  readonly body: unknown;
}

/** What the server answers: JSON, or a response as it is; throwing is a connection that broke. */
export type Answer = () => unknown;

/** A client whose requests are answered by route, for example `GET /session/status`; all else is not found. */
export function clientOf(answers: Readonly<Record<string, Answer>>) {
  const received: Received[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const route = `${request.method} ${url.pathname}`;
    const text = await request.text();
    received.push({
      route,
      directory: url.searchParams.get("directory"),
      body: text === "" ? undefined : JSON.parse(text),
    });
    const answer = answers[route];
    if (answer === undefined) return Response.json({ name: "NotFoundError", data: {} }, { status: 404 });
    const answered = answer();
    return answered instanceof Response ? answered : Response.json(answered);
  };
  return { client: createOpencodeClient({ baseUrl: "http://opencode.test", fetch }), received };
}
