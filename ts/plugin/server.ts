/** What OpenCode 1 loads: joins its adapter to the mission. */
import { openCode1 } from "../host/opencode1/plugin.ts";
import { contribute } from "../mission/contribution.ts";
import { announced } from "./announcement.ts";

export default openCode1("opencode-orchestrator", announced(contribute));
