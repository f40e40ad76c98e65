/** What the doctor says of OpenCode and of the plugin in it. */
import { existsSync } from "node:fs";
import { CliError } from "../exit.ts";
import { globalFiles, packageCache, projectFiles, type System } from "../install/config-files.ts";
import { type Configuration, type OwnEntry, overruled, readConfiguration } from "../install/configuration.ts";
import { manifestIn, type OwnPackage, ownSpec, PACKAGE, packageAbove, pathOf } from "../install/entry.ts";
import { type Check, failed, notChecked, ok, warning } from "./check.ts";
import type { Loaded } from "./loaded.ts";

/** The oldest OpenCode that the whole-system tests have been run with. */
const OLDEST = [1, 18] as const;

/** An entry of ours, and the file that has it. */
export interface Named extends OwnEntry {
  readonly file: string;
}

/** What the configuration files of a user and a project say of us. */
export interface Configured {
  readonly checks: readonly Check[];
  readonly entries: readonly Named[];
}

/** Reads all files that OpenCode reads for a project. */
export function configured(project: string, system: System): Configured {
  const broken: Check[] = [];
  const readable = (file: string): readonly Configuration[] => {
    try {
      return [readConfiguration("opencode", file, system)];
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      broken.push(failed("configuration", error.message, "mend it: OpenCode does not start with it"));
      return [];
    }
  };
  const global = globalFiles("opencode", system).flatMap(readable);
  const custom = system.env["OPENCODE_CONFIG"] || undefined;
  const others = [...(custom === undefined ? [] : [custom]), ...projectFiles("opencode", project, system)];
  const files = [...global, ...others.flatMap(readable)];
  const unread = overruled(global);
  const entriesOf = ({ state, ours }: Configuration) => ours.map((entry) => ({ ...entry, file: state.path }));
  const entries = files.filter((file) => !unread.includes(file)).flatMap(entriesOf);
  const vain = unread.flatMap(entriesOf).map(({ file, spec }) => {
    const found = `${file} names ${spec} in vain: a later file's list of plugins replaces that one`;
    const fix = 'run "orchestrator install", which adds to the list that counts';
    return entries.length > 0 ? warning("entry", found, "remove it there") : failed("entry", found, fix);
  });
  const there = files.filter(({ exists }) => exists).length;
  const checks = broken.length > 0 ? broken : [ok("configuration", `${there} files can be read`)];
  return { checks: [...checks, ...vain, ...entryChecks(entries, system)], entries };
}

function entryChecks(entries: readonly Named[], system: System): readonly Check[] {
  const [first, ...others] = entries;
  if (first === undefined)
    return [
      warning(
        "entry",
        "no configuration file names the plugin",
        'run "orchestrator install" to have one name it',
      ),
    ];
  const checks = entries.map(({ spec, file, own }) => {
    const path = own.kind === "path" ? pathOf(spec, file, system) : undefined;
    if (path !== undefined && !existsSync(path))
      return failed(
        "entry",
        `${file} names ${spec}, where nothing is`,
        'run "orchestrator install --replace"',
      );
    return ok("entry", `${file} names ${spec}`);
  });
  if (others.length > 0)
    checks.push(
      warning("entry", `it is named ${entries.length} times`, "leave one: OpenCode loads each that differs"),
    );
  return checks;
}

/** OpenCode's version beside those that this is tested with. */
export function versionCheck(version: string, program: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const found = `${version} (${program})`;
  if (major !== OLDEST[0])
    return failed(
      "OpenCode",
      `${found} is no version 1`,
      "this plugin is for OpenCode 1: use one of 1.18 or newer",
    );
  if (minor < OLDEST[1])
    return warning("OpenCode", `${found} is older than 1.18`, "update OpenCode: older ones were never tried");
  return ok("OpenCode", found);
}

/** What is known besides of what OpenCode has loaded. */
export interface Known {
  readonly loaded: Loaded;
  readonly entries: readonly Named[];
  readonly own: OwnPackage;
  readonly system: System;
}

/** Whether OpenCode runs the plugin, which one, and with all that belongs to it. */
export function pluginChecks(known: Known): readonly Check[] {
  const { loaded, own, system } = known;
  const { announcement } = loaded;
  if (announcement === undefined) return [silent(known), ...UNSEEN];
  const running = packageAbove(announcement.file, system);
  const from = running?.root ?? announcement.file;
  const version = running?.version ?? "unknown";
  const what = `OpenCode has loaded ${PACKAGE} ${version} from ${from}`;
  return [
    version === own.version
      ? ok("plugin", what)
      : failed("plugin", `${what}; this is ${own.version}`, mending(from, known)),
    taskCheck(known),
    ...partsChecks(known, announcement),
    "error" in announcement.addon
      ? failed(
          "native engine",
          announcement.addon.error.replaceAll("\n", " "),
          "install the package anew, with its optional dependencies",
        )
      : announcement.addon.version === version
        ? ok(
            "native engine",
            `${announcement.addon.version} in ${announcement.runtime}: ${announcement.addon.path}`,
          )
        : failed(
            "native engine",
            `${announcement.addon.path} is of version ${announcement.addon.version}, not ${version}`,
            "install the package anew",
          ),
  ];
}

const UNSEEN: readonly Check[] = ["/task", "tools and agents", "native engine"].map((name) =>
  notChecked(name, "the plugin is not there to be asked"),
);

/** Why a plugin that should have said something has not. */
function silent({ loaded, entries, own, system }: Known): Check {
  if (loaded.tools.includes("submit_plan"))
    return failed(
      "plugin",
      "OpenCode has loaded a version that does not say which one it is",
      `run "orchestrator install --replace", which names ${own.version}`,
    );
  const named = loaded.plugins.filter((spec) => ownSpec(spec, "", system) !== undefined);
  const said = loaded.errors.filter(
    (error) => error.includes(PACKAGE) || named.some((spec) => error.includes(spec)),
  );
  const spec = named.at(-1) ?? entries.at(-1)?.spec;
  const others = loaded.errors.length > 0 ? `; it says: ${loaded.errors.join(" | ")}` : "";
  if (spec === undefined)
    return failed(
      "plugin",
      `OpenCode has not loaded it, for nothing names it${others}`,
      'run "orchestrator install"',
    );
  const what = `the configuration names ${spec}, but OpenCode has not loaded it`;
  const cached = cacheOf(spec, system);
  if (said.length > 0) return failed("plugin", `${what}: ${said.join(" | ")}`, mendingSpec(spec, cached));
  if (cached !== undefined && cached.version === undefined)
    return failed("plugin", `${what}: it is not in ${cached.folder}`, mendingSpec(spec, cached));
  return failed("plugin", `${what}${others}`, mendingSpec(spec, cached));
}

/** Where OpenCode keeps the package that a spec names, and the version that is there. */
function cacheOf(spec: string, system: System) {
  const own = ownSpec(spec, "", system);
  if (own?.kind !== "npm") return undefined;
  const { path } = system;
  const folder = path.join(packageCache(system), `${PACKAGE}@${own.version ?? "latest"}`);
  const manifest = manifestIn(path.join(folder, "node_modules", PACKAGE, "package.json"));
  return { folder, version: manifest?.version };
}

function mendingSpec(spec: string, cached: ReturnType<typeof cacheOf>): string {
  if (cached === undefined)
    return `look at ${spec}: "orchestrator install --replace" names this package instead`;
  if (cached.version === undefined)
    return "start OpenCode once with a network, so that it fetches the package; see that the version exists";
  return `remove ${cached.folder} and start OpenCode with a network, so that it fetches the package anew`;
}

function mending(from: string, { system, own }: Known): string {
  const cache = packageCache(system);
  if (!from.startsWith(cache)) return `run "orchestrator install --replace", which names ${own.version}`;
  const folder = system.path.join(cache, from.slice(cache.length + 1).split(system.path.sep)[0] ?? "");
  return `OpenCode fetches a package once and keeps it: remove ${folder}, or run "orchestrator install --replace"`;
}

/** A command of the user's own of that name stays the user's. */
function taskCheck({ loaded }: Known): Check {
  const task = loaded.commands.find(({ name }) => name === "task");
  if (task === undefined)
    return failed(
      "/task",
      "the command is not there",
      "see OpenCode's log: the plugin was loaded and not let in",
    );
  if (task.description?.startsWith("Start a mission") !== true)
    return warning(
      "/task",
      "a command of yours has that name, and stays",
      "rename yours to start missions by /task",
    );
  return ok("/task", "there");
}

function partsChecks(
  { loaded }: Known,
  { tools, agents }: NonNullable<Loaded["announcement"]>,
): readonly Check[] {
  const missing = [
    ...tools.filter((name) => !loaded.tools.includes(name)),
    ...agents.filter((name) => !loaded.agents.includes(name)),
  ];
  if (missing.length === 0)
    return [ok("tools and agents", `all ${tools.length} tools and ${agents.length} agents are there`)];
  return [
    failed(
      "tools and agents",
      `missing: ${missing.join(", ")}`,
      "see whether your configuration disables them",
    ),
  ];
}
