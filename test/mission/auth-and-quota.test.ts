import { expect, test } from "vitest";
import { call, type Responder, refuse, type Step } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, lastResult } from "./wire.ts";

const PLAN: Plan = { goal: "Paid for", tasks: [task("one"), task("two"), task("three")] };

const unpaid = (code: string, message: string): string =>
  JSON.stringify({ error: { message, type: code, code } });
const REFUSALS: Readonly<Record<string, { readonly refusal: Step; readonly says: string }>> = {
  "the key is refused": {
    refusal: refuse(401, { body: unpaid("invalid_api_key", "Incorrect API key provided.") }),
    says: "the credentials were refused: Incorrect API key provided.",
  },
  "the account is empty": {
    refusal: refuse(402, { body: unpaid("insufficient_balance", "Insufficient balance.") }),
    says: "the account has nothing left: Insufficient balance.",
  },
};

test.each(Object.entries(REFUSALS))(
  "where %s, the mission pauses, asks once; gone on with, no attempt is used",
  async (_, { refusal, says }) => {
    let paid = false;
    const works = diligent();
    const worker: Responder = (turn) => (paid ? works(turn) : refusal);
    // The first wait ends with the question; the user has mended it by the time of the second.
    const again = () => {
      paid = true;
      return call("run_mission");
    };
    await using bench = await missionBench(cast(commanding(PLAN, again), worker));
    const server = await bench.serve();
    const session = await server.session({ title: "unpaid" });
    await server.command(session, "task", "go on");
    await expectQuiet(bench, server);

    const questions = chats(bench.model, "commander")
      .map(lastResult)
      .filter((answer) => answer.includes("The mission needs a decision"));
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain(says);
    expect(questions[0]).toContain("only the user can mend this");
    const { view, tasks } = storedMission(bench.project.dir);
    expect(view.outcome).toBe("accepted");
    expect(Object.values(tasks).map(({ attempt }) => attempt)).toEqual(PLAN.tasks.map(() => 1));
    // Commander 4, workers 3 × 3, the final review 2; a worker is refused once before the others are held.
    expect(chatCount(bench)).toBeLessThanOrEqual(15 + PLAN.tasks.length);
  },
);
