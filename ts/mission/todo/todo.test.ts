import { once } from "node:events";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FakeAgent } from "../../host/fake.ts";
import { folderWith } from "../folder.fixture.ts";
import { done, hang, project, task, taskOf } from "../project.fixture.ts";
import { snapshotOf, taskView } from "../snapshot.fixture.ts";
import { Todo } from "./todo.ts";

const PLAN = { goal: "The goal", tasks: [task("a"), task("b", { depends_on: ["a"] }), task("c")] };

/** A mission whose task `a` hangs until it is let go; the others are done at once. */
async function mission(plan: object = PLAN) {
  const free = new AbortController();
  const worker: FakeAgent = async (turn) => {
    if (taskOf(turn.text) === "a" && !free.signal.aborted) await once(free.signal, "abort");
    return done(turn);
  };
  const opened = await project({ worker }, { review: "never" });
  const path = join(opened.directory, ".orchestrator", "todo.md");
  const text = () => readFile(path, "utf8");
  await opened.task("the objective");
  const edit = async (change: (text: string) => string) => {
    const before = await text();
    if (change(before) === before) throw new Error(`the edit changes nothing:\n${before}`);
    await writeFile(path, change(before));
  };
  const list = () => opened.commander("tasks", { action: "list" });
  await opened.commander("submit_plan", plan);
  await list();
  return { ...opened, path, text, edit, list, letGo: () => free.abort() };
}

const files = async (directory: string) =>
  (await readdir(join(directory, ".orchestrator"))).filter((name) => name !== "state").sort();
/** The version of the plan, as `tasks list` says it. */
const versionIn = (text: string) => Number(/^Version (\d+)\./.exec(text)?.[1]);

describe("a new item in todo.md", () => {
  it("wakes the commander once, stays in the file as proposed, and does not run", async () => {
    const { commander, edit, text, letGo } = await mission();
    const running = commander("run_mission");
    await expect.poll(text).toContain("[~] **a**");
    await edit((now) => `${now}- [ ] Write docs\n  - short ones\n`);
    const news = await running;
    expect(news).toMatch(/^The user edited the plan; the mission goes on meanwhile\./);
    expect(news).toContain("- proposed-1, a new item: Write docs\n  - short ones");
    expect(await text()).toContain(
      "## Proposed\n\n- [ ] **proposed-1** Write docs — proposed by hand, not planned\n  - short ones\n",
    );
    letGo();
    const last = await commander("run_mission");
    expect(last).toMatch(/^The mission is over: accepted/);
    expect(last).not.toContain("proposed-1");
  });

  it("goes from the proposals when it is planned, or dropped by the commander", async () => {
    const { commander, edit, text, list } = await mission();
    await edit((now) => `${now}- Write docs\n- Ship it\n`);
    const listed = await list();
    expect(listed).toContain("proposed-1: proposed by hand: Write docs");
    await commander("submit_plan", { goal: "", tasks: [task("docs", { title: "Write docs" })] });
    const expected_version = versionIn(await list());
    const items = [{ id: "proposed-2", status: "cancelled" }];
    expect(await commander("update_todo", { expected_version, items })).toMatch(/^Done/);
    expect(await list()).not.toContain("proposed");
    expect(await text()).not.toContain("roposed");
  });

  it("is told again after a restart, when nobody has decided about it", async () => {
    const { commander, host, edit, list, restart } = await mission();
    await edit((now) => `${now}- Write docs\n`);
    await list();
    await restart();
    await host.command("user-session", "resume");
    expect(await commander("tasks", { action: "list" })).toContain("- proposed-1, a new item: Write docs");
  });
});

describe("a tick by hand", () => {
  it("verifies nothing: the file and the commander are told so, and the work is checked all the same", async () => {
    const { commander, edit, text, list, letGo } = await mission();
    await edit((now) => now.replace("[ ] **a**", "[x] **a**"));
    expect(await list()).toContain("- a was ticked by hand: that verifies nothing, it is ready");
    expect(await text()).toContain("- [ ] **a** Title of a — ticked by hand, not verified");
    expect(await list()).not.toContain("ticked");
    letGo();
    await commander("run_mission");
    await expect.poll(text).toContain("- [x] **a** Title of a\n");
  });
});

describe("a title changed by hand", () => {
  it("is the task's, where it has not started", async () => {
    const { edit, text, list } = await mission();
    await edit((now) => now.replace("Title of b", "Better title"));
    const listed = await list();
    expect(listed).toContain("b: pending, attempt 0: Better title");
    expect(listed).toContain("- b was renamed by hand: Better title");
    expect(await text()).toContain("- [ ] **b** Better title (after a)\n");
  });

  it("is put back with a note, where it has", async () => {
    const { commander, edit, text, list, letGo } = await mission();
    const running = commander("run_mission");
    await expect.poll(text).toContain("[~] **a**");
    await edit((now) => now.replace("Title of a", "Better title"));
    expect(await list()).toContain('a was to be renamed by hand to "Better title": "a" has started');
    expect(await text()).toContain("- [~] **a** Title of a — running — title kept\n");
    letGo();
    await running;
  });
});

describe("an item deleted by hand", () => {
  it("is cancelled when the user allows it", async () => {
    const { commander, host, edit, text, letGo } = await mission();
    const asked: string[] = [];
    host.permission = (permission) => asked.push(permission);
    await edit((now) => now.replace(/- \[ \] \*\*b\*\*.*\n/, ""));
    const running = commander("run_mission");
    await expect
      .poll(text)
      .toContain("- [-] **b** Title of b (after a) — cancelled: taken out of the plan\n");
    expect(asked).toEqual(["cancel_task_b"]);
    expect(host.toasts).toContain("warning: b (Title of b) was deleted from todo.md: is it to be cancelled?");
    letGo();
    const news = await running;
    expect(news).toMatch(/^The mission is over: accepted/);
    expect(news).toContain("- b was deleted by hand and is cancelled");
  });

  it("comes back with a note when the user does not, as where nobody can be asked", async () => {
    const { commander, host, edit, text, letGo } = await mission();
    host.permission = () => {
      throw new Error("rejected");
    };
    await edit((now) => now.replace(/- \[ \] \*\*b\*\*.*\n/, ""));
    const running = commander("run_mission");
    await expect.poll(text).toContain("- [ ] **b** Title of b (after a) — deleted by hand, not cancelled\n");
    letGo();
    const news = await running;
    expect(news).toMatch(/^The mission is over: accepted\. 3 tasks/);
    expect(news).toContain("- b was deleted by hand: cancelling it was not allowed, so it stays");
  });

  it("means nothing where the whole file is gone or empty: it is written again", async () => {
    const { host, path, text, list } = await mission();
    const before = await text();
    await writeFile(path, "");
    expect(await list()).not.toContain("edited");
    expect(await text()).toBe(before);
    expect(host.toasts).toEqual([]);
  });
});

describe("what people write around the items", () => {
  it("stays: prose, notes, line endings and the mark at the start", async () => {
    const { edit, text, list } = await mission();
    await edit((now) => {
      const noted = now
        .replace(/(\*\*b\*\*.*\n)/, "$1\t* ask Ann\n")
        .replace("-->\n", "-->\n\nSome words.\n");
      return `\uFEFF${noted.replaceAll("\n", "\r\n")}`;
    });
    expect(await list()).toContain("- b has new notes:\n  * ask Ann");
    const written = await text();
    expect(written).toMatch(/^\uFEFF# The goal\r\n/);
    expect(written.replaceAll("\r\n", "")).not.toContain("\n");
    expect(written).toContain("-->\r\n\r\nSome words.\r\n\r\n- [ ] **a**");
    expect(written).toContain("(after a)\r\n\t* ask Ann\r\n");
    await list();
    expect(await text()).toBe(written);
  });

  it("is compared with the text that it was made from, however old that is", async () => {
    const { commander, path, text, list, letGo } = await mission();
    const old = await text();
    const running = commander("run_mission");
    await expect.poll(text).toContain("[x] **c**");
    await commander("submit_plan", { goal: "", tasks: [task("d", { depends_on: ["a"] })] });
    await writeFile(path, `${old}- Late\n`);
    expect(await list()).toMatch(/edited .*todo\.md:\n- proposed-1, a new item: Late$/s);
    expect(await text()).toMatch(/\[x\] \*\*c\*\*[\s\S]*\*\*d\*\*/);
    letGo();
    await running;
  });
});

describe("a file that is not this mission's", () => {
  it("is replaced where it is another mission's, and kept where it was edited", async () => {
    const { commander, directory, task: open, edit, text, list } = await mission();
    await open("another");
    await commander("submit_plan", { goal: "Second", tasks: [task("x")] });
    await list();
    expect(await files(directory)).toEqual(["todo.md"]);
    expect(await text()).not.toContain("**a**");
    const id = /mission (\S+),/.exec(await text())?.[1];
    await edit((now) => now.replace("[ ] **x**", "[x] **x**").concat("- for later\n"));
    await open("a third");
    await commander("submit_plan", { goal: "Third", tasks: [task("x")] });
    const listed = await list();
    expect(await files(directory)).toEqual(["todo.md", `todo.${id}.md`]);
    expect(listed).not.toContain("edited");
    expect(await text()).toContain("- [ ] **x** Title of x\n");
    expect(await text()).not.toContain("for later");
  });

  it.each<[string, string | Buffer]>([
    ["somebody's own list", "- [ ] buy milk\n"],
    ["binary", Buffer.from([0, 1, 2, 255])],
    ["huge", Buffer.alloc(3 << 20, "- x\n")],
  ])("is set aside with one warning: %s", async (_, content) => {
    const { directory, host, path, text, list } = await mission();
    const before = await text();
    await writeFile(path, content);
    expect(await list()).not.toContain("edited");
    expect((await readFile(`${path}.orig`)).equals(Buffer.from(content))).toBe(true);
    expect(await text()).toBe(before);
    await writeFile(path, content);
    await list();
    expect(await files(directory)).toEqual(["todo.md", "todo.md.orig", "todo.md.orig.1"]);
    expect(host.toasts).toHaveLength(1);
    expect(host.toasts[0]).toMatch(/^warning: \.orchestrator\/todo\.md was moved to todo\.md\.orig: /);
  });
});

describe("a file that can't be written", () => {
  it("is said to be so once, and is written as soon as it can be", async () => {
    const directory = await folderWith({ ".orchestrator": "a file where the folder should be" });
    const failures: unknown[] = [];
    const todo = new Todo({
      directory,
      brief: { id: "m1", objective: "o", session: "s", openedAt: 0 },
      snapshot: () => snapshotOf([taskView("a")]),
      amend: () => ({ commands: [] }),
      warn: () => undefined,
      failed: (error) => failures.push(error),
      edited: () => undefined,
    });
    await todo.refresh();
    await todo.refresh();
    expect(failures).toHaveLength(1);
    await rm(join(directory, ".orchestrator"));
    await todo.refresh();
    expect(await readFile(join(directory, ".orchestrator", "todo.md"), "utf8")).toContain("**a**");
    await todo.close();
  });
});

describe("update_todo", () => {
  it("renames and drops tasks of a known version, all or none", async () => {
    const { commander, list, text } = await mission();
    const version = versionIn(await list());
    const items = [
      { id: "c", status: "cancelled" },
      { id: "b", title: "Better title" },
    ];
    const answer = await commander("update_todo", { expected_version: version, items });
    expect(answer).toMatch(/^Done\. The plan is at version \d+\.$/);
    const listed = await list();
    expect(listed).toContain("c: cancelled");
    expect(listed).toContain("b: pending, attempt 0: Better title");
    expect(await text()).toContain(`version ${versionIn(listed)}:`);
    const stale = await commander("update_todo", { expected_version: version, items });
    expect(stale).toMatch(
      /^Refused \(ERR_ARGUMENTS\): the plan is at version \d+, not \d+\. Nothing was changed\./,
    );
    expect(stale).toContain(`Version ${versionIn(listed)}.\na: ready`);
  });

  it("tries a failed task again, and the mission goes on with it", async () => {
    let tries = 0;
    const worker: FakeAgent = async (turn) => {
      tries += 1;
      if (tries > 1) return done(turn);
      await turn.call("report_task", { status: "blocked", summary: "no network" });
      return "no";
    };
    const { commander, task: open } = await project({ worker }, { review: "never" });
    await open("try");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    expect(await commander("run_mission")).toContain("needs a decision");
    const expected_version = versionIn(await commander("tasks", { action: "list" }));
    await commander("update_todo", { expected_version, items: [{ id: "a", status: "pending" }] });
    expect(await commander("run_mission")).toMatch(/^The mission is over: accepted/);
  });

  it.each([
    ["accepted", "a can't be set accepted: a task is accepted when its checks and reviews have passed"],
    ["running", "a: a status is pending or cancelled, not running; the rest is the engine's to say"],
    ["pending", '"a" is Ready: only what failed or was cancelled is tried again. Nothing was changed.'],
  ])("refuses to set a task %s, and says why", async (status, why) => {
    const { commander, list } = await mission();
    const before = await list();
    const items = [{ id: "a", status }];
    const answer = await commander("update_todo", { expected_version: versionIn(before), items });
    expect(answer).toContain(why);
    expect(await list()).toBe(before);
  });

  it("is not for workers", async () => {
    const { host } = await mission();
    const { output } = await host.call("user-session", "worker", "update_todo", {
      expected_version: 1,
      items: [],
    });
    expect(output).toContain("ERR_WRONG_AGENT");
  });

  it("of a mission that hangs is there, too: nothing waits for a turn to end", async () => {
    const { commander, task: open } = await project({ worker: hang }, { review: "never" });
    await open("hang");
    await commander("submit_plan", { goal: "g", tasks: [task("a")] });
    const stop = new AbortController();
    const running = commander("run_mission", {}, stop.signal);
    await expect.poll(() => commander("tasks", { action: "list" })).toContain("a: running");
    const expected_version = versionIn(await commander("tasks", { action: "list" }));
    await commander("update_todo", { expected_version, items: [{ id: "a", status: "cancelled" }] });
    expect(await commander("tasks", { action: "list" })).toContain("a: cancelled");
    stop.abort();
    expect(await running).toContain("needs a decision");
  });
});
