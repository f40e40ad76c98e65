/** What we tell a language server that we can do, and what it may ask of us. */
import type * as lsp from "vscode-languageserver-protocol";

/** Enough to be told diagnostics and of changes on disk; everything that an editor would need besides is left out. */
export const CAPABILITIES = {
  general: { positionEncodings: ["utf-16"] },
  window: { workDoneProgress: true },
  workspace: {
    configuration: true,
    workspaceFolders: true,
    didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true },
    diagnostics: { refreshSupport: true },
  },
  textDocument: {
    synchronization: { dynamicRegistration: false },
    publishDiagnostics: { versionSupport: true, relatedInformation: false },
    diagnostic: { dynamicRegistration: false, relatedDocumentSupport: false },
  },
  experimental: { serverStatusNotification: true },
} satisfies Omit<lsp.ClientCapabilities, "experimental"> & { experimental: unknown };

/** Requests that a server may make and that are answered with nothing: we have all files, no screen and no registry. */
export const ANSWERED_WITH_NULL = [
  "client/registerCapability",
  "client/unregisterCapability",
  "window/workDoneProgress/create",
  "window/showMessageRequest",
  "workspace/diagnostic/refresh",
] as const;
