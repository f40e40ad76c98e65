import { defineConfig } from "vitest/config";

/** `unit`: beside the source, milliseconds each. `system`: real OpenCode, one file at a time. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["ts/**/*.test.ts"], testTimeout: 10_000 } },
      {
        test: {
          name: "system",
          include: ["test/**/*.test.ts"],
          exclude: ["test/addon/**"],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      { test: { name: "addon", include: ["test/addon/**/*.test.ts"], testTimeout: 30_000 } },
    ],
  },
});
