/** The language servers that are known, where they are looked for, and which of them answers for a file. */
import { access, constants } from "node:fs/promises";
import { delimiter, extname, isAbsolute, join } from "node:path";

/** How a language server is started, and for which files. */
export interface LanguageServerSpec {
  /** The program and its arguments, so that it speaks the protocol over its standard input and output. */
  readonly command: readonly [string, ...string[]];
  /** File name endings that it answers for, with the dot. */
  readonly extensions: readonly string[];
  /** Handed to the server as it is when it starts. */
  readonly initializationOptions?: unknown;
}

/** A server with its name, and what is known of it besides. */
export interface NamedServer extends LanguageServerSpec {
  readonly name: string;
  /** What a person would do to have it. */
  readonly install: string;
  /** It says when it has read the project (`experimental/serverStatus`); before that its answers are empty. */
  readonly announcesReadiness?: boolean;
}

const KNOWN: readonly NamedServer[] = [
  {
    name: "typescript-language-server",
    command: ["typescript-language-server", "--stdio"],
    extensions: [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"],
    install: "npm install --save-dev typescript-language-server typescript",
    // Changes on disk are told by us before each check, in order with what follows.
    initializationOptions: {
      disableAutomaticTypingAcquisition: true,
      tsserver: { useClientFileWatcher: true },
    },
  },
  {
    name: "pyright",
    command: ["pyright-langserver", "--stdio"],
    extensions: [".py", ".pyi"],
    install: "npm install --save-dev pyright, or pip install pyright",
  },
  {
    name: "rust-analyzer",
    command: ["rust-analyzer"],
    extensions: [".rs"],
    install: "rustup component add rust-analyzer",
    announcesReadiness: true,
    // `cargo check` reads files from disk and can't see a file as it was before: a verify command is its place.
    initializationOptions: { checkOnSave: false },
  },
  {
    name: "gopls",
    command: ["gopls"],
    extensions: [".go"],
    install: "go install golang.org/x/tools/gopls@latest",
    initializationOptions: { pullDiagnostics: true },
  },
  {
    name: "clangd",
    command: ["clangd", "--background-index=false"],
    extensions: [".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".mm"],
    install: "the package clangd of your system, and a compile_commands.json in the project",
  },
];

/** Language identifiers of the protocol; an extension that is not here is its own. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ".ts": "typescript",
  ".mts": "typescript",
  ".cts": "typescript",
  ".tsx": "typescriptreact",
  ".js": "javascript",
  ".mjs": "javascript",
  ".cjs": "javascript",
  ".jsx": "javascriptreact",
  ".py": "python",
  ".pyi": "python",
  ".rs": "rust",
  ".h": "c",
  ".cc": "cpp",
  ".cxx": "cpp",
  ".hh": "cpp",
  ".hpp": "cpp",
  ".hxx": "cpp",
  ".m": "objective-c",
  ".mm": "objective-cpp",
};

/** The servers to be used: the configured ones first, then the known ones that are neither replaced nor switched off. */
export function serversWith(
  configured: Readonly<Record<string, LanguageServerSpec | false>>,
): readonly NamedServer[] {
  const own = Object.entries(configured).flatMap(([name, spec]) =>
    spec === false
      ? []
      : [{ ...spec, name, install: `mend the setting languageServers.${name}, or install its command` }],
  );
  return [...own, ...KNOWN.filter(({ name }) => !Object.hasOwn(configured, name))];
}

/** The servers that answer for `path`, the preferred one first. */
export function serversFor(servers: readonly NamedServer[], path: string): readonly NamedServer[] {
  const extension = extname(path).toLowerCase();
  return servers.filter(({ extensions }) => extensions.includes(extension));
}

/** The protocol's name for the language of `path`. */
export function languageOf(path: string): string {
  const extension = extname(path).toLowerCase();
  return LANGUAGES[extension] ?? extension.slice(1);
}

/** Where a project keeps programs of its own. */
const OWN_FOLDERS = [
  ["node_modules", ".bin"],
  [".venv", "bin"],
  [".venv", "Scripts"],
  ["venv", "bin"],
  ["venv", "Scripts"],
];

/** The absolute path of a program: in the project's own folders, else on PATH; `undefined` where there is none. */
export async function locate(
  program: string,
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const own = OWN_FOLDERS.map((parts) => join(directory, ...parts));
  const path = (environment["PATH"] ?? environment["Path"] ?? "").split(delimiter).filter(isAbsolute);
  const endings = process.platform === "win32" ? [".exe", ".cmd", ".bat", ""] : [""];
  // A command with a folder in it is one file, below the project unless absolute.
  const bases = /[\\/]/.test(program)
    ? [isAbsolute(program) ? program : join(directory, program)]
    : [...own, ...path].map((folder) => join(folder, program));
  for (const base of bases) {
    for (const ending of endings) if (await isProgram(`${base}${ending}`)) return `${base}${ending}`;
  }
  return undefined;
}

function isProgram(path: string): Promise<boolean> {
  return access(path, process.platform === "win32" ? constants.F_OK : constants.X_OK).then(
    () => true,
    () => false,
  );
}
