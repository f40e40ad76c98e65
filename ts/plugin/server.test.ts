import { describe, expect, it } from "vitest";
import * as plugin from "./server.ts";

describe("what OpenCode loads", () => {
  it("is one default export with an id and a server: it would take every other export for a plugin, too", () => {
    expect(Object.keys(plugin)).toEqual(["default"]);
    expect(Object.keys(plugin.default).sort()).toEqual(["id", "server"]);
    expect(plugin.default.id).toBe("opencode-orchestrator");
  });
});
