import { defineConfig } from "tsup";

/** Everything that is needed is bundled: whoever installs the package installs it and its addon, nothing else. */
export default defineConfig({
  entry: {
    server: "ts/plugin/server.ts",
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
  noExternal: [/.*/],
  loader: { ".md": "text" },
  banner: {
    // Bundled CommonJS packages call require for Node's own modules.
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
