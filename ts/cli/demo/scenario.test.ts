import { describe, expect, it } from "vitest";
import * as z from "zod";
import { outsideScope } from "../../engine/index.ts";
import { FakeHost } from "../../host/fake.ts";
import { taskMessage } from "../../mission/messages.ts";
import { Orchestrator } from "../../mission/orchestrator.ts";
import { submitPlan } from "../../mission/tools/submit-plan.ts";
import type { Reply, Scenario, Turn } from "../../scripted-model/index.ts";
import { flatten } from "../../scripted-model/step.ts";
import * as files from "./files.ts";
import { demoScenario } from "./scenario.ts";

const { parameters } = submitPlan(new Orchestrator(new FakeHost("/project", {}), {}));
const Plan = z.strictObject(parameters);

interface Called {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A turn of a session that began with this message. */
function turnOf(role: string, first: string, sessionKey = role): Turn {
  const message = { role: "user", text: first, toolCalls: [] };
  return {
    request: { model: "m", stream: true, includeUsage: true, messages: [message], tools: [] },
    role,
    kind: "chat",
    sessionKey,
    parentKey: undefined,
    number: 1,
    system: "",
    lastUser: first,
    toolResults: [],
    offeredTools: [],
  };
}

/** The tools that a reply calls. */
function callsOf(reply: Reply): Called[] {
  return flatten(reply).flatMap((step) =>
    step.type === "call" ? [{ name: step.name, parameters: JSON.parse(step.json) }] : [],
  );
}

/** Every reply of a session, until the scenario has no more. */
async function session(scenario: Scenario, turn: Turn): Promise<Called[][]> {
  const replies: Called[][] = [];
  for (;;) {
    const reply = await scenario.respond(turn).catch(() => undefined);
    if (reply === undefined) return replies;
    replies.push(callsOf(reply));
  }
}

async function commander() {
  const replies = await session(demoScenario(), turnOf("commander", "the objective"));
  const submitted = replies.flat().find(({ name }) => name === "submit_plan");
  return { replies, plan: Plan.parse(submitted?.parameters) };
}

/** What the worker of a task is told, and all that it then does. */
async function worker(id: string) {
  const { plan } = await commander();
  const task = plan.tasks.find((one) => one.id === id);
  if (task === undefined) throw new Error(`the plan has no task ${id}`);
  const message = taskMessage({ ...task, agent: "worker", role: "worker" });
  return { task, calls: (await session(demoScenario(), turnOf("worker", message, id))).flat() };
}

const tasks = ["types", "parse", "format", "round", "index"];

describe("the demo's commander", () => {
  it("looks, submits a plan of the form that the tool takes, runs it and reports", async () => {
    const { replies, plan } = await commander();
    expect(replies.map((calls) => calls.map(({ name }) => name).join())).toEqual([
      "bash",
      "submit_plan",
      "run_mission",
      "",
    ]);
    expect(plan.tasks.map(({ id }) => id)).toEqual(tasks);
  });

  it("plans tasks that depend only on tasks before them, and whose scopes don't meet", async () => {
    const { plan } = await commander();
    const before = new Set<string>();
    for (const { id, depends_on: needs } of plan.tasks) {
      for (const needed of needs ?? []) expect(before, id).toContain(needed);
      before.add(id);
    }
    const scopes = plan.tasks.flatMap((task) => task.files ?? []);
    expect(scopes).toEqual([...new Set(scopes)]);
  });

  it("has every task and the whole checked by commands", async () => {
    const { plan } = await commander();
    for (const { id, verify } of plan.tasks) expect(verify, id).not.toHaveLength(0);
    for (const part of ["parse", "format", "round", "index"]) {
      expect(plan.verify?.join()).toContain(`test/${part}.test.mjs`);
    }
  });
});

describe.each(tasks)("the demo's worker for %s", (id) => {
  it("writes files of its scope only, and reports each", async () => {
    const { task, calls } = await worker(id);
    const written = calls.filter(({ name }) => name === "write" || name === "edit");
    const paths = [...new Set(written.map((call) => String(call.parameters["filePath"])))];
    expect(paths.length).toBeGreaterThan(0);
    expect(outsideScope(task.files ?? [], paths)).toEqual([]);
    const [report] = calls.filter(({ name }) => name === "report_task");
    expect(report?.parameters).toMatchObject({ status: "done", files: paths });
  });

  it("takes nothing from the worker of another task", async () => {
    const scenario = demoScenario();
    const other = tasks.find((name) => name !== id) ?? "";
    const [first] = await session(scenario, turnOf("worker", `Task ${id}: x`, "one"));
    const [second] = await session(scenario, turnOf("worker", `Task ${other}: x`, "two"));
    expect(first).not.toEqual(second);
  });
});

describe("the demo's repair", () => {
  it("edits a text that is in the file exactly once, after the first report was refused", async () => {
    const { calls } = await worker("format");
    const edit = calls.find(({ name }) => name === "edit");
    const content = String(calls.find(({ name }) => name === "write")?.parameters["content"]);
    expect(content).toBe(files.FORMAT_WITH_A_BUG);
    expect(content.split(String(edit?.parameters["oldString"]))).toHaveLength(2);
    const names = calls.map(({ name }) => name);
    expect(names.indexOf("report_task")).toBeLessThan(names.indexOf("edit"));
    expect(names.filter((name) => name === "report_task")).toHaveLength(2);
  });
});

describe("the demo's model", () => {
  it("has a reviewer who looks, then approves", async () => {
    const replies = await session(demoScenario(), turnOf("reviewer", "Review task index: x"));
    expect(replies.flat().map(({ name }) => name)).toEqual(["read", "review_task"]);
    expect(replies.flat()[1]?.parameters).toEqual({ verdict: "approve" });
  });

  it("refuses a task that the demo does not have, and names it", async () => {
    const turn = turnOf("worker", "Task fly: to the moon");
    await expect(demoScenario().respond(turn)).rejects.toThrow(/no worker for: Task fly/);
    await expect(demoScenario().respond(turnOf("worker", "Hello"))).rejects.toThrow(/no worker for: Hello/);
  });
});
