import { afterEach, describe, expect, test } from "vitest";
import { say, startScriptedModel } from "../../ts/scripted-model/index.ts";
import { openCode, tuiUnavailable } from "./index.ts";

const unavailable = tuiUnavailable();
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

describe.skipIf(unavailable !== undefined)(
  `the terminal UI${unavailable ? ` (skipped: ${unavailable})` : ""}`,
  () => {
    test("shows the scripted answer to a typed prompt, and ends with its terminal", async () => {
      const model = await startScriptedModel({ respond: (turn) => say(`Heard: ${turn.lastUser}`) });
      open.push(model);
      const bench = await openCode({ model });
      open.push(bench);
      const tui = await bench.tui();
      await tui.waitForText("Ask anything");
      await tui.type("knock knock");
      await tui.press("Enter");
      expect(await tui.waitForText("Heard: knock knock")).toContain("knock knock");
      await tui.stop();
      expect(await tui.running()).toBe(false);
    });
  },
);
