import { expect, test } from "vitest";
import { call, type Responder, refuse, type Step, say } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, diligent, type Plan, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

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
  "where %s, the mission pauses, asks once; resumed when that is mended, no attempt is used",
  async (_, { refusal, says }) => {
    let paid = false;
    const works = diligent();
    const worker: Responder = (turn) => (paid ? works(turn) : refusal);
    await using bench = await missionBench(
      cast(commanding(PLAN, say("The account is to be mended."), call("run_mission")), worker),
    );
    const server = await bench.serve();
    const session = await server.session({ title: "unpaid" });
    await server.command(session, "task", "go on");
    await expectQuiet(bench, server);
    expect(storedMission(bench.project.dir).view).toMatchObject({ phase: "paused" });
    const refused = chatCount(bench);
    // Commander 3; a worker is refused once before the others are held.
    expect(refused).toBeLessThanOrEqual(3 + PLAN.tasks.length);

    paid = true;
    await server.command(session, "resume", "");
    await expectQuiet(bench, server);

    const answers = texts(chats(bench.model, "commander").at(-1), "tool");
    const questions = answers.filter((answer) => answer.includes("The mission needs a decision"));
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain(says);
    expect(questions[0]).toContain("only the user can mend this");
    const { view, tasks } = storedMission(bench.project.dir);
    expect(view.outcome).toBe("accepted");
    expect(Object.values(tasks).map(({ attempt }) => attempt)).toEqual(PLAN.tasks.map(() => 1));
    // Commander 2, workers 3 × 3, the final review 2.
    expect(chatCount(bench) - refused).toBeLessThanOrEqual(13);
  },
);
