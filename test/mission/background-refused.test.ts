import { expect, test } from "vitest";
import { call, say, turns } from "../../ts/scripted-model/index.ts";
import { chatCount, expectQuiet } from "./aftermath.ts";
import { missionBench } from "./bench.ts";
import { cast, commanding, type Plan, report, task } from "./plan.ts";
import { storedMission } from "./stored.ts";
import { chats, texts } from "./wire.ts";

const DENIED = "touch denied.txt; sleep 321";
const ASKED = "touch asked.txt; sleep 322";
const RULES = {
  config: { permission: { bash: { "*": "allow", "touch denied*": "deny", "touch asked*": "ask" } } },
};

const PLAN: Plan = { goal: "Side by side", tasks: [task("beside", { verify: [], files: [] })] };
const run = (command: string) => call("background", { action: "run", command });

test("a background command that the user's rules deny, or that a person rejects, is not started; the worker hears of it and goes on without", async () => {
  // A rejection ends the turn: the next message starts the next one.
  const worker = turns(
    [run(DENIED), run(ASKED), call("background", { action: "list" }), report("Without.")],
    {
      rest: say("Done."),
    },
  );
  await using bench = await missionBench(cast(commanding(PLAN), worker), RULES);
  const server = await bench.serve();
  const session = await server.session({ title: "refused" });
  const mission = server.command(session, "task", "run beside");

  const { properties } = await server.waitForEvent(({ type }) => type === "permission.asked");
  const { id, sessionID } = properties as { readonly id: string; readonly sessionID: string };
  await server.client.postSessionIdPermissionsPermissionId({
    path: { id: sessionID, permissionID: id },
    body: { response: "reject" },
    throwOnError: true,
  });
  expect(await mission).toBe("Reported to the user.");
  await expectQuiet(bench, server);

  const requests = chats(bench.model, "worker");
  const results = texts(requests.at(-1), "tool");
  expect(results[0]).toContain("prevents you from using this specific tool call");
  expect(results[1]).toContain("The user rejected permission");
  expect(results[2]).toBe("None.");
  expect(texts(requests[2], "user").at(-1)).toContain(`You were refused: bash (${ASKED})`);
  const files = await bench.project.files();
  expect(files.filter((path) => /^(?:denied|asked)/.test(path))).toEqual([]);
  expect(storedMission(bench.project.dir).view.outcome).toBe("accepted");
  // Commander 3, worker 5, the final review 2.
  expect(chatCount(bench)).toBeLessThanOrEqual(10);
});
