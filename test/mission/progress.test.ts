import type { Part, ToolPart } from "@opencode-ai/sdk";
import { expect, test } from "vitest";
import type { ServerEvent } from "../opencode/index.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, DIAMOND, diligent } from "./plan.ts";
import { storedMission } from "./stored.ts";

/** The state of a `run_mission` call in an event, if that is what the event is about. */
function runMission({ type, properties }: ServerEvent): ToolPart["state"] | undefined {
  if (type !== "message.part.updated") return undefined;
  const { part } = properties as { part: Part };
  return part.type === "tool" && part.tool === "run_mission" ? part.state : undefined;
}

/** Long enough for each stage to be shown; what is over sooner may be passed over. */
const THOUGHT_MS = 700;

test("while run_mission is open, its tool call shows how the mission stands, task by task (complaint 12)", async () => {
  await using bench = await missionBench(cast(commanding(DIAMOND), diligent(THOUGHT_MS)));
  const server = await bench.serve();
  const session = await server.session({ title: "progress" });
  expect(await server.command(session, "task", "show progress")).toBe("Reported to the user.");

  const states = server.events.map(runMission).filter((state) => state !== undefined);
  const shown = states.flatMap((state) =>
    state.status === "running" && state.title !== undefined
      ? [{ title: state.title, metadata: state.metadata }]
      : [],
  );
  const titles = shown.map(({ title }) => title);
  for (const title of titles) expect(title).toMatch(/^[0-5]\/5 accepted( · |$)/);
  const accepted = titles.map((title) => Number(title[0]));
  expect(accepted).toEqual([...accepted].sort());
  expect(titles).toContain("0/5 accepted · base");
  expect(titles).toContain("1/5 accepted · left, middle, right");
  expect(titles).toContain("4/5 accepted · top");
  expect(titles).toContain("5/5 accepted · final review");

  const { brief } = storedMission(bench.project.dir);
  const parallel = shown.find(({ title }) => title === "1/5 accepted · left, middle, right");
  expect(parallel?.metadata).toMatchObject({
    mission: brief.id,
    tasks: [
      { id: "base", title: "Title of base", state: "accepted", attempt: 1 },
      { id: "left", state: "running", attempt: 1 },
      { id: "middle", state: "running" },
      { id: "right", state: "running" },
      { id: "top", state: "pending" },
    ],
  });
  expect(states.at(-1)).toMatchObject({ status: "completed", title: "5/5 accepted" });
});
