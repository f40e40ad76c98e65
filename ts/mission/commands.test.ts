import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeHost } from "../host/fake.ts";
import { COMMANDS, onCommand } from "./commands.ts";
import { folderWith } from "./folder.fixture.ts";
import { Orchestrator } from "./orchestrator.ts";

/** A project without a mission, and what a command there puts before the model. */
async function project(options: unknown = {}) {
  const directory = await folderWith();
  const orchestrator = new Orchestrator(new FakeHost(directory, {}), options);
  const type = async (command: string, text = "") =>
    (await onCommand(orchestrator, { command, arguments: text, session: "s" })).prompt;
  return { directory, type };
}

describe("the commands", () => {
  it("are /task and /resume for the commander, and three that any agent can answer", () => {
    expect(COMMANDS.map(({ name, agent }) => [name, agent])).toEqual([
      ["task", "commander"],
      ["stop", undefined],
      ["cancel", undefined],
      ["resume", "commander"],
      ["mission", undefined],
    ]);
  });

  it.each(COMMANDS.map(({ name }) => name))("have an answer without a mission, too: /%s", async (name) => {
    const { type } = await project();
    expect(await type(name)).toMatch(/^Tell the user this, as it stands, and do nothing else:\n\n./);
  });

  it("that are not ours stay what the user typed", async () => {
    const { type } = await project();
    expect(await type("other", "some text")).toBe("some text");
  });
});

describe("/task", () => {
  it.each(["", "   ", '""', '"  "'])("asks for an objective where there is none: %j", async (text) => {
    const { type, directory } = await project();
    expect(await type("task", text)).toContain("/task needs an objective");
    expect(existsSync(join(directory, ".orchestrator"))).toBe(false);
  });

  it("tells of a mistake in the settings, and writes nothing", async () => {
    const { type, directory } = await project({ atempts: 3 });
    const prompt = await type("task", "fix it");
    expect(prompt).toContain("/task could not be carried out (ERR_SETTINGS)");
    expect(prompt).toContain('unknown setting "atempts"; did you mean "attempts"?');
    expect(existsSync(join(directory, ".orchestrator"))).toBe(false);
  });
});

describe("/stop and /cancel", () => {
  it("say that there is nothing to stop", async () => {
    const { type } = await project();
    expect(await type("stop")).toContain("There is no mission to stop.");
    expect(await type("cancel")).toBe(await type("stop"));
  });
});

describe("/mission", () => {
  it("says how to start one", async () => {
    const { type } = await project();
    expect(await type("mission")).toContain('/task "…" starts one.');
  });
});
