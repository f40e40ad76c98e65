/** `run_mission`: stays open while the mission runs, and returns with news for the commander. */
import type { ToolDefinition } from "../../host/contribution.ts";
import { MissionError } from "../error.ts";
import type { Mission } from "../mission.ts";
import { newsText } from "../news.ts";
import type { Orchestrator } from "../orchestrator.ts";
import { plannedTasks, progressLine, progressRows } from "../progress.ts";
import { TODO_FILE } from "../todo/file.ts";
import { guarded, only } from "./guard.ts";

const parameters = {};

export function runMission(orchestrator: Orchestrator): ToolDefinition<typeof parameters> {
  return guarded({
    name: "run_mission",
    description:
      "Carry out the submitted plan. Returns when the mission is finished or needs a decision; call it again to go on.",
    parameters,
    async execute(_, call) {
      only(["commander"], "run_mission", call);
      const mission = orchestrator.missionOf(call.session);
      if (plannedTasks(mission.snapshot).length === 0) {
        throw new MissionError("ERR_ARGUMENTS", "there is no plan yet: call submit_plan first");
      }
      mission.limit(await orchestrator.settings());
      let shown = "";
      const news = await mission.run(call.signal, {
        changed() {
          const snapshot = mission.snapshot;
          const line = [progressLine(snapshot), ...waitingFor(mission)].join(" · ");
          if (line !== shown)
            call.progress(line, { mission: mission.brief.id, tasks: progressRows(snapshot) });
          shown = line;
        },
        cancel: ({ id, title }) =>
          call.ask({ permission: `cancel_task_${id}`, patterns: [id], detail: { title, file: TODO_FILE } }),
      });
      await mission.todo.refreshNow();
      const snapshot = mission.snapshot;
      const output = [newsText(news, snapshot), mission.todo.takeEdited()].filter(Boolean).join("\n\n");
      return { title: progressLine(snapshot), output };
    },
  });
}

/** The permission questions that hold up sessions: the person in front of this call can answer them. */
function waitingFor({ permissions }: Mission): readonly string[] {
  const questions = permissions.waiting.map(({ what }) => what);
  return questions.length === 0 ? [] : [`waits for your permission: ${questions.join("; ")}`];
}
