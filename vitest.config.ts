import { readFile } from "node:fs/promises";
import { defineConfig, type Plugin } from "vitest/config";

/** Prompts are Markdown files that are imported as text: the bundler has a loader for that, the tests need one too. */
const markdownAsText: Plugin = {
  name: "markdown-as-text",
  enforce: "pre",
  async load(id) {
    if (!id.endsWith(".md")) return undefined;
    return `export default ${JSON.stringify(await readFile(id, "utf8"))};`;
  },
};

/** `unit`: beside the source, milliseconds each. `system`: real OpenCode, one file at a time. `parity`: beside real peers. */
export default defineConfig({
  test: {
    projects: [
      {
        plugins: [markdownAsText],
        test: { name: "unit", include: ["ts/**/*.test.ts"], testTimeout: 30_000 },
      },
      {
        plugins: [markdownAsText],
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: ["test/addon/**", "test/parity/**"],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        plugins: [markdownAsText],
        test: { name: "addon", include: ["test/addon/**/*.test.ts"], testTimeout: 30_000 },
      },
      {
        test: { name: "parity", include: ["test/parity/**/*.test.ts"], testTimeout: 30_000 },
      },
    ],
  },
});
