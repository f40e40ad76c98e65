/** What OpenCode's terminal UI loads: the mission panel in the sidebar of a session. */
import type {
  TuiHostSlotMap,
  TuiPluginModule,
  TuiSlotContext,
  TuiThemeCurrent,
} from "@opencode-ai/plugin/tui";
import { type Panel, panelOf, type SessionView } from "./panel.ts";

/** Below OpenCode's "Context" (100), above its lists of servers, todos and files (200 to 500). */
const ORDER = 150;

const module: TuiPluginModule = {
  id: "opencode-orchestrator",
  async tui(api) {
    const view: SessionView = { messages: api.state.session.messages, parts: api.state.part };
    api.slots.register({
      order: ORDER,
      slots: {
        // A function is what Solid runs again when something that it read has changed.
        sidebar_content: (_: TuiSlotContext, slot: TuiHostSlotMap["sidebar_content"]) => () => {
          const panel = panelOf(slot.session_id, view);
          return panel === undefined ? null : drawn(panel, api.theme.current);
        },
      },
    });
  },
};

function drawn({ headline, rows }: Panel, theme: TuiThemeCurrent) {
  return (
    <box>
      <text fg={theme[headline.tone]}>
        <b>{headline.text}</b>
      </text>
      {rows.map(({ mark, tone, id, title, attempt }) => (
        <box flexDirection="row" gap={1}>
          <text fg={theme[tone]} flexShrink={0}>
            {mark} {id}
          </text>
          <text fg={theme.textMuted} flexGrow={1} flexShrink={1} wrapMode="none" truncate>
            {title}
          </text>
          {attempt > 1 ? (
            <text fg={theme.warning} flexShrink={0}>
              ×{attempt}
            </text>
          ) : null}
        </box>
      ))}
    </box>
  );
}

export default module;
