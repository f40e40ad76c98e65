import { expect, test } from "vitest";
import { peakInFlight, type Responder, scenario } from "../../ts/scripted-model/index.ts";
import { missionBench } from "./bench.ts";
import { approving, commanding, diligent, meeting, type Plan, task, taskOf } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats } from "./wire.ts";

/** The same ids in both: only their texts tell the missions apart. */
const plan = (name: string): Plan => ({
  goal: `The goal of ${name}`,
  tasks: [task("a", { title: `a of ${name}` }), task("b", { title: `b of ${name}`, depends_on: ["a"] })],
});

test("two missions in two projects of one OpenCode run at once and do not mix", async () => {
  const commanders = new Map<string, Responder>(["one", "two"].map((name) => [name, commanding(plan(name))]));
  const commander: Responder = (turn) => {
    const objective = turn.request.messages.find(({ role }) => role === "user")?.text ?? "";
    const found = commanders.get(objective);
    if (found === undefined) throw new Error(`no commander for "${objective}"`);
    return found(turn);
  };
  const worker = meeting(2, (turn) => taskOf(turn) === "a", diligent());
  await using bench = await missionBench(
    scenario().role("commander", commander).role("worker", worker).role("reviewer", approving()),
  );
  const server = await bench.serve();
  const other = await bench.addProject("other");
  const places = [
    { name: "one", project: bench.project, server },
    { name: "two", project: other, server: await server.in(other.dir) },
  ];

  const sessions = await Promise.all(
    places.map(async ({ name, server: there }) => {
      const session = await there.session({ title: name });
      expect(await there.command(session, "task", name)).toBe("Reported to the user.");
      return session;
    }),
  );

  const workers = chats(bench.model, "worker");
  expect(peakInFlight(workers.filter((request) => taskOf(request) === "a"))).toBe(2);
  for (const [index, { name, project }] of places.entries()) {
    const { brief, view, tasks } = storedMission(project.dir);
    expect(brief).toMatchObject({ objective: name, session: sessions[index] });
    expect(view).toMatchObject({ goal: `The goal of ${name}`, outcome: "accepted" });
    expect(Object.values(tasks).map(({ title }) => title)).toEqual([`a of ${name}`, `b of ${name}`]);
    expect(await project.read(".orchestrator/todo.md")).toContain(`# The goal of ${name}`);
    // Each worker's session belongs to its own mission's commander, and works in its own folder.
    const own = workers.filter(({ parentKey }) => parentKey === sessions[index]);
    expect(new Set(own.map(({ sessionKey }) => sessionKey))).toEqual(
      new Set(Object.values(tasks).map(({ session }) => session)),
    );
    for (const { raw } of own) {
      expect(raw).toContain(project.dir);
      expect(raw).toContain(`of ${name}`);
      for (const { name: wrong } of places.filter((place) => place.name !== name))
        expect(raw).not.toContain(`of ${wrong}`);
    }
  }
});
