import type { Outcome } from "../engine/index.ts";

/** Whether an event was ignored, or led to nothing but looks at sessions. */
export function changesNothing({ commands, ignored }: Outcome): boolean {
  return (
    (ignored !== undefined || commands.length > 0) && commands.every((command) => command.type === "poll")
  );
}
