import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { type FakeAgent, FakeFailure } from "../host/fake.ts";
import { approve, done, hang, project, task, taskOf, USER } from "./project.fixture.ts";
import { TodoFile } from "./todo/file.ts";

describe("a mission", () => {
  it("runs a diamond in the order of its dependencies, in parallel where they allow it", async () => {
    const log: string[] = [];
    let together = 0;
    let most = 0;
    const { commander, task: open } = await project({
      worker: async (turn) => {
        log.push(`+${taskOf(turn.text)}`);
        most = Math.max(most, ++together);
        await new Promise((resolve) => setTimeout(resolve, 30));
        together -= 1;
        log.push(`-${taskOf(turn.text)}`);
        return done(turn);
      },
    });
    await open("a diamond");
    await commander("submit_plan", {
      goal: "diamond",
      tasks: [
        task("a"),
        task("b", { depends_on: ["a"] }),
        task("c", { depends_on: ["a"] }),
        task("d", { depends_on: ["b", "c"] }),
      ],
    });
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
    expect(log.slice(0, 2)).toEqual(["+a", "-a"]);
    expect(log.slice(2, 6).sort()).toEqual(["+b", "+c", "-b", "-c"]);
    expect(log.slice(6)).toEqual(["+d", "-d"]);
    expect(most).toBe(2);
  });

  it("stops at its budget and says so, refuses to go on, and goes on when the user has raised it", async () => {
    const spend: FakeAgent = async (turn) => {
      turn.emit({ type: "used", session: turn.session, answer: `${turn.session}-1`, tokens: 50, cost: 0 });
      return done(turn);
    };
    const { commander, directory, task: open } = await project({ worker: spend }, { budget: { tokens: 50 } });
    await open("spend");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    const refusal = "the budget of 50 tokens is used up; raise it to go on";
    expect(await commander("run_mission")).toContain(refusal);
    expect(await commander("run_mission")).toContain(refusal);
    expect(await commander("tasks", { action: "metrics" })).toContain("tokens: 50 of 50");
    await mkdir(join(directory, ".orchestrator"), { recursive: true });
    await writeFile(
      join(directory, ".orchestrator/settings.jsonc"),
      '{ "budget": { "tokens": 5000000 }, "review": "never" }',
    );
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
  });

  it("refuses a claim without a deed, says why, and takes the repair from the same session", async () => {
    const {
      host,
      directory,
      commander,
      task: open,
      prompts,
    } = await project({
      worker: async (turn) => {
        if (turn.number === 2) await writeFile(join(directory, "proof"), "here");
        return done(turn);
      },
    });
    await open("prove it");
    await commander("submit_plan", { goal: "g", tasks: [task("claim", { verify: ["test -f proof"] })] });
    expect(await commander("run_mission")).toContain("accepted");
    const [first, second] = prompts("worker");
    expect(prompts("worker")).toHaveLength(2);
    expect(second?.session).toBe(first?.session);
    expect(second?.text).toContain("FAILED $ test -f proof (exit 1");
    expect(second).toMatchObject({ agent: "worker", model: host.model });
  });

  it("fails a task after its attempts, blocks what depends on it, finishes the rest, and asks once", async () => {
    const {
      commander,
      task: open,
      prompts,
    } = await project({
      worker: (turn) => (turn.text.includes("bad") ? Promise.resolve("I did it, believe me") : done(turn)),
    });
    await open("half of it can't be done");
    await commander("submit_plan", {
      goal: "g",
      tasks: [task("bad"), task("after", { depends_on: ["bad"] }), task("good")],
    });
    const news = await commander("run_mission");
    expect(news).toMatch(/^The mission needs a decision/);
    expect(news).toMatch(/Accepted:\n- good/);
    expect(news).toMatch(/Failed:\n- bad .*after 3 attempts/);
    expect(news).toMatch(/- after .*blocked/);
    expect(prompts("worker").filter(({ text }) => text.includes("bad"))).toHaveLength(3);
    expect(await commander("run_mission")).toMatch(/^The mission is over: failed/);
  });

  it("goes on with a corrected plan", async () => {
    const { commander, task: open } = await project({
      worker: (turn) => (turn.text.includes("Do it well") ? done(turn) : Promise.resolve("no")),
    });
    await open("second try");
    await commander("submit_plan", {
      goal: "g",
      tasks: [task("a"), task("b", { prompt: "Do it well", depends_on: ["a"] })],
    });
    expect(await commander("run_mission")).toContain("needs a decision");
    await commander("submit_plan", { goal: "g", tasks: [task("a", { prompt: "Do it well" })] });
    expect(await commander("run_mission")).toMatch(/over: accepted/);
  });

  it("sends a reviewer's findings back to the worker, and shows the next review what was found", async () => {
    let reviews = 0;
    const {
      commander,
      task: open,
      prompts,
    } = await project({
      worker: done,
      reviewer: async (turn) => {
        reviews += 1;
        if (reviews > 1) return approve(turn);
        const finding = { file: "a.ts", line: 3, severity: "major", message: "handle the empty list" };
        await turn.call("review_task", { verdict: "reject", findings: [finding] });
        return "rejected";
      },
    });
    await open("reviewed");
    await commander("submit_plan", { goal: "g", tasks: [task("a", { review: true })] });
    expect(await commander("run_mission")).toContain("over: accepted");
    expect(prompts("worker")[1]?.text).toContain("a.ts:3: handle the empty list (major)");
    expect(prompts("reviewer")[1]?.text).toContain("handle the empty list");
    expect(reviews).toBe(3); // twice the task, once the whole
  });

  it("checks the whole at the end and asks when that fails", async () => {
    const { directory, commander, task: open } = await project({ worker: done });
    await open("the whole");
    await commander("submit_plan", { goal: "g", tasks: [task("a")], verify: ["echo looked; test -f whole"] });
    const news = await commander("run_mission");
    expect(news).toContain("needs a decision");
    expect(news).toContain("looked");
    await writeFile(join(directory, "whole"), "");
    await commander("submit_plan", { goal: "g", tasks: [task("b")] });
    expect(await commander("run_mission")).toContain("over: accepted");
  });

  it("ends at once on /stop, with every session stopped", async () => {
    const {
      host,
      commander,
      task: open,
    } = await project({
      worker: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("x")))),
    });
    await open("endless");
    await commander("submit_plan", { goal: "g", tasks: [task("a"), task("b")] });
    const running = commander("run_mission");
    await expect.poll(() => host.busy.length).toBe(2);
    const reply = await host.command(USER, "stop");
    expect(reply.prompt).toContain("was stopped by the user");
    expect(await running).toMatch(/over: cancelled/);
    await expect.poll(() => host.busy).toEqual([]);
    expect((await host.command(USER, "stop")).prompt).toContain("no mission to stop");
  });

  it("pauses when run_mission is interrupted, and goes on when it is called again", async () => {
    let patient = false;
    const {
      host,
      commander,
      task: open,
    } = await project({
      worker: (turn) => (patient ? done(turn) : hang(turn)),
    });
    await open("interrupted");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    const esc = new AbortController();
    const running = commander("run_mission", {}, esc.signal);
    await expect.poll(() => host.busy.length).toBe(1);
    esc.abort();
    expect(await running).toContain("paused");
    await expect.poll(() => host.busy).toEqual([]);
    patient = true;
    expect(await commander("run_mission")).toContain("over: accepted");
  });

  it("takes a /task that comes while it is under way for more work, and one after that for a new mission", async () => {
    const {
      host,
      commander,
      task: open,
      prompts,
    } = await project({
      worker: async (turn) => {
        if (!turn.text.includes("Do b")) {
          const reply = await host.command(USER, "task", "and b too");
          expect(reply.prompt).toContain("While the mission runs, the user adds: and b too");
          await commander("submit_plan", { goal: "g", tasks: [task("b")] });
        }
        return done(turn);
      },
    });
    await open("a");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    expect(await commander("run_mission")).toMatch(/over: accepted[\s\S]*- b /);
    expect(prompts("worker")).toHaveLength(2);
    expect((await open("something new")).prompt).toBe("something new");
    expect(await commander("tasks", { action: "list" })).toBe("No tasks yet.");
  });

  it("tries again in a new session after an error of the provider's, without the user's doing", async () => {
    let turns = 0;
    const {
      commander,
      task: open,
      prompts,
    } = await project({
      worker: (turn) => {
        turns += 1;
        if (turns > 1) return done(turn);
        throw new FakeFailure({ name: "UnknownError", message: "half a tool call" });
      },
    });
    await open("unlucky");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    expect(await commander("run_mission")).toContain("over: accepted");
    expect(new Set(prompts("worker").map(({ session }) => session)).size).toBe(2);
  });

  it("makes up soon for an idle event that never came", async () => {
    const { host, commander, task: open } = await project({ worker: done }, { review: "never" });
    const told = host.emit.bind(host);
    const unheard: string[] = [];
    host.emit = (event) => {
      if (event.type === "idle") unheard.push(event.session);
      else told(event);
    };
    await open("unheard");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    const before = Date.now();
    expect(await commander("run_mission")).toContain("over: accepted");
    expect(unheard).toHaveLength(1);
    expect(Date.now() - before).toBeLessThan(3_000);
  });

  it("looks at a session that still works without drawing anything anew", async () => {
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const {
      host,
      commander,
      task: open,
    } = await project({ worker: (turn) => finished.then(() => done(turn)) }, { review: "never" });
    const looked = vi.spyOn(host, "statuses");
    const drawn = vi.spyOn(TodoFile.prototype, "write");
    await open("slow");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    const running = commander("run_mission");
    await expect.poll(() => host.busy.length).toBe(1);
    // The start itself is drawn, some time before the first look.
    const looks = (times: number) =>
      expect.poll(() => looked.mock.calls.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(times);
    await looks(1);
    const before = drawn.mock.calls.length;
    await looks(2);
    expect(drawn.mock.calls.length).toBe(before);
    drawn.mockRestore();
    finish();
    expect(await running).toContain("over: accepted");
  });

  it("keeps todo.md in step", async () => {
    const { directory, commander, task: open } = await project({ worker: done });
    await open("keep a list");
    const todo = () => readFile(join(directory, ".orchestrator", "todo.md"), "utf8");
    await commander("submit_plan", { goal: "A list", tasks: [task("a"), task("b", { depends_on: ["a"] })] });
    await expect.poll(todo).toContain("- [ ] **b** Title of b (after a)");
    await commander("run_mission");
    await expect.poll(todo).toMatch(/- \[x\] \*\*a\*\*[\s\S]*- \[x\] \*\*b\*\*/);
  });
});

describe("a plan", () => {
  it("is refused with every problem at once, each with its path", async () => {
    const { commander, task: open } = await project({});
    await open("plan badly");
    const answer = await commander("submit_plan", {
      goal: "g",
      tasks: [
        task("x1", { depends_on: ["y"] }),
        task("y", { depends_on: ["x1"] }),
        task("z", { agent: "wroker", depends_on: ["x7"] }),
      ],
    });
    expect(answer).toContain('tasks[2].agent: no agent "wroker"; did you mean "worker"?');
    expect(answer).toContain('tasks[2].depends_on[0]: no task "x7"; did you mean "x1"?');
    expect(answer).toMatch(/cycle .*x1 → y → x1|cycle .*y → x1 → y/);
    expect(await commander("tasks", { action: "list" })).toBe("No tasks yet.");
    expect(await commander("run_mission")).toContain("there is no plan yet");
  });

  it("asks for the permission of each check once, and is not taken without it", async () => {
    const { host, commander, task: open } = await project({ worker: done });
    const asked: string[][] = [];
    host.permission = (_, patterns) => {
      asked.push([...patterns]);
    };
    await open("ask");
    await commander("submit_plan", { goal: "g", tasks: [task("a", { verify: ["true"] })], verify: ["true"] });
    await commander("submit_plan", { goal: "g", tasks: [task("b", { verify: ["true", "test 1"] })] });
    expect(asked).toEqual([["true"], ["test 1"]]);
    host.permission = () => {
      throw new Error("the user said no");
    };
    await expect(
      commander("submit_plan", { goal: "g", tasks: [task("c", { verify: ["rm -rf x"] })] }),
    ).rejects.toThrow("the user said no");
    expect(await commander("tasks", { action: "list" })).not.toContain("c:");
  });
});

describe("delegation", () => {
  it("answers with the agent's own words, and goes on in the same session", async () => {
    const {
      commander,
      task: open,
      prompts,
    } = await project({ planner: async ({ number }) => `answer ${number}` });
    await open("ask the planner");
    const ask = { agent: "planner", prompt: "What is here?", description: "look around" };
    expect(await commander("delegate_task", ask)).toContain("answer 1");
    expect(await commander("delegate_task", { ...ask, task_id: "d1" })).toContain("answer 2");
    expect(new Set(prompts("planner").map(({ session }) => session)).size).toBe(1);
    expect(prompts("planner")[0]?.text).toBe("What is here?");
  });

  it("runs in the background and is waited for by its result", async () => {
    const { commander, task: open } = await project({ planner: async () => "found it" });
    await open("in the background");
    const started = await commander("delegate_task", {
      agent: "planner",
      prompt: "p",
      description: "d",
      background: true,
    });
    expect(started).toContain("d1");
    expect(await commander("tasks", { action: "result", task_id: "d1" })).toContain("found it");
  });

  it("stops waiting for a result when it is interrupted, and says how the task stands", async () => {
    const { host, commander, task: open } = await project({ planner: () => new Promise(() => undefined) });
    await open("interrupted wait");
    const ask = { agent: "planner", prompt: "p", description: "d", background: true };
    await commander("delegate_task", ask);
    await expect.poll(() => host.busy.length).toBe(1);
    const esc = new AbortController();
    const waiting = commander("tasks", { action: "result", task_id: "d1" }, esc.signal);
    esc.abort();
    expect(await waiting).toContain("d1 (d): running");
  });

  it("lets a planner hand in the plan of its commander's mission", async () => {
    const { commander, task: open } = await project({
      worker: done,
      planner: async ({ call }) => (await call("submit_plan", { goal: "g", tasks: [task("a")] })).output,
    });
    await open("planned by the planner");
    const answer = await commander("delegate_task", {
      agent: "planner",
      prompt: "plan",
      description: "plan",
    });
    expect(answer).toContain("Accepted: a. The commander runs it.");
    expect(await commander("run_mission")).toContain("over: accepted");
  });

  it("names the agents when it is given one that does not exist", async () => {
    const { commander, task: open } = await project({});
    await open("nobody");
    const answer = await commander("delegate_task", { agent: "plannner", prompt: "p", description: "d" });
    expect(answer).toContain(
      'no agent "plannner"; did you mean "planner"? (known: planner, worker, reviewer)',
    );
  });
});

describe("the guards", () => {
  it("refuse a tool to an agent or a session that it is not for", async () => {
    const { host, commander } = await project({});
    expect(await commander("run_mission")).toContain("this session has no mission");
    expect((await host.call(USER, "build", "run_mission")).output).toContain(
      "is for commander, not for build",
    );
    expect(
      (await host.call("other", "worker", "report_task", { status: "done", summary: "s" })).output,
    ).toContain("ERR_NO_MISSION");
  });

  it("refuse a rejection that names nothing to change", async () => {
    const answers: string[] = [];
    const { commander, task: open } = await project({
      worker: done,
      reviewer: async (turn) => {
        answers.push((await turn.call("review_task", { verdict: "reject" })).output);
        return approve(turn);
      },
    });
    await open("reviewed");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    await commander("run_mission");
    expect(answers[0]).toContain("without findings");
  });

  it("let one session of a project lead at a time", async () => {
    const { host, task: open } = await project({});
    await open("first");
    host.open("second-session");
    const reply = await host.command("second-session", "task", "second");
    expect(reply.prompt).toContain("already leads mission");
    expect(reply.prompt).toContain('"first"');
  });
});

describe("a project", () => {
  it("is not written to before its first mission", async () => {
    const { directory, host, task: open } = await project({});
    await host.command(USER, "mission");
    expect(existsSync(join(directory, ".orchestrator"))).toBe(false);
    await open("now");
    expect(existsSync(join(directory, ".orchestrator", "state"))).toBe(true);
    expect(existsSync(join(directory, ".opencode"))).toBe(false);
  });

  it("does not mix with another in the same process", async () => {
    const one = await project({ worker: done });
    const two = await project({ worker: done });
    await one.task("one");
    await two.task("two");
    await one.commander("submit_plan", { goal: "one", tasks: [task("a")] });
    expect(await two.commander("tasks", { action: "list" })).toBe("No tasks yet.");
    expect(await one.commander("run_mission")).toContain("over: accepted");
    expect((await two.host.command(USER, "mission")).prompt).toContain("two");
    expect(two.host.prompts).toEqual([]);
  });

  it("says what is wrong with its settings instead of running with others", async () => {
    const { task: open } = await project({}, { lanez: { worker: 2 } });
    const { prompt } = await open("x");
    expect(prompt).toContain('unknown setting "lanez"; did you mean "lanes"?');
  });
});
