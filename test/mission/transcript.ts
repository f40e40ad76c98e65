/** What OpenCode itself has on record of a session. */
import type { ToolPart } from "@opencode-ai/sdk";
import type { OpenCodeServer } from "../opencode/index.ts";

/** The calls of one tool in a session, oldest first. */
export async function toolParts(
  server: OpenCodeServer,
  session: string,
  tool: string,
): Promise<readonly ToolPart[]> {
  const { data } = await server.client.session.messages({ path: { id: session }, throwOnError: true });
  return data
    .flatMap(({ parts }) => parts)
    .filter((part) => part.type === "tool")
    .filter((part) => part.tool === tool);
}
