import { defineConfig } from "tsup";

export default defineConfig({
  entry: {
    server: "ts/plugin/server.ts",
    tui: "ts/tui/tui.tsx",
    engine: "ts/engine/index.ts",
    cli: "ts/cli/main.ts",
    schemas: "ts/mission/schemas.ts",
  },
  format: "esm",
  target: "node20",
  platform: "node",
  outDir: "dist",
  dts: { entry: { server: "ts/plugin/server.ts", engine: "ts/engine/index.ts" } },
  splitting: true,
  // The addon is not ours to remove: it is built by cargo, and may be in use.
  clean: ["!**/*.node"],
  // Everything that is needed is bundled: whoever installs the package installs it and its addon, nothing else.
  // Only @opentui stays an import: OpenCode answers it with its own copy, the one that draws its screen.
  noExternal: [/^(?!@opentui\/)/],
  external: [/^@opentui\//],
  loader: { ".md": "text" },
  banner: {
    // Bundled CommonJS packages call require for Node's own modules.
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
