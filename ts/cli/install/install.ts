/** `orchestrator install`: names the plugin in OpenCode's configuration. */
import { COMMON, commandLine, misused } from "../command-line.ts";
import { CliError, ExitCode } from "../exit.ts";
import { chosenFile, type Kind, recordFolder, type System, thisSystem } from "./config-files.ts";
import {
  type Change,
  type Configuration,
  type OwnEntry,
  overruled,
  readConfiguration,
  unifiedDiff,
  withEntry,
  withSpec,
} from "./configuration.ts";
import { type OwnPackage, ownEntry, ownPackage } from "./entry.ts";
import { asked, filesAt, namedPlace, onTerminal, PLACE, type Place } from "./place.ts";
import { Records } from "./record.ts";
import { replaceFile } from "./replace-file.ts";

const USAGE = `Usage: orchestrator install [options]

Names the plugin and its panel in OpenCode's configuration. Nothing else in the files is changed, not a byte; the old ones
are kept as copies. "orchestrator uninstall" takes it back, "orchestrator doctor" looks whether OpenCode loads it.

Options:
  --global           for all projects (what is done unless told, where nobody can be asked)
  --project          for the project of the current folder
  --dir <folder>     for the project of that folder
  --config <file>    in that file, and no panel
  --entry <npm|path> name the package with its version, or its folder; unless told, the folder where it was built
  --replace          where another version is named, name this one in its place
  --dry-run          show what would be changed, as a diff, and change nothing
  --json             print one JSON object, and nothing else
  --help             show this

Exit codes: 0 it is installed, 1 it is not and nothing was changed, 2 usage, 3 environment`;

/** What becomes of one file. */
interface Step {
  readonly configuration: Configuration;
  readonly what: "added" | "already" | "replaced";
  /** What the entry names, or named already. */
  readonly spec: string;
  readonly change: Change | undefined;
}

/** Runs the command. @throws CliError */
export async function install(args: readonly string[]): Promise<number> {
  const options = parsed(args);
  if (options.help === true) {
    console.log(USAGE);
    return ExitCode.Done;
  }
  const place = namedPlace(options) ?? (await askedPlace());
  const system = thisSystem();
  const own = ownPackage(system);
  const wanted = ownEntry(own, entryKind(options.entry));
  const plan = { place, system, own, wanted, replace: options.replace === true };
  const kinds: readonly Kind[] = place.scope === "file" ? ["opencode"] : ["opencode", "tui"];
  // All files are judged before the first is written.
  const looked = kinds.map((kind) => planned(kind, plan));
  const steps = looked.map(({ step }) => step);
  const notes = [...new Set(looked.flatMap((one) => one.notes))];
  const dryRun = options["dry-run"] === true;
  const backups = dryRun ? [] : written(steps, new Records(recordFolder(system)));
  if (options.json === true) {
    const files = steps.map(({ configuration, what, spec, change }, at) => ({
      kind: configuration.kind,
      file: configuration.state.path,
      what,
      spec,
      changed: change !== undefined && !dryRun,
      ...(backups[at] === undefined ? {} : { backup: backups[at] }),
      ...(dryRun && change !== undefined ? { diff: unifiedDiff(configuration, change.text) } : {}),
    }));
    console.log(JSON.stringify({ dryRun, files, notes }));
    return ExitCode.Done;
  }
  for (const [at, step] of steps.entries()) console.log(dryRun ? wouldBe(step) : told(step, backups[at]));
  for (const note of notes) console.error(`note: ${note}`);
  if (!dryRun && steps.some(({ change }) => change !== undefined))
    console.log(
      'Start OpenCode anew, and give it a mission: /task "…". Check it with "orchestrator doctor".',
    );
  return ExitCode.Done;
}

interface Plan {
  readonly place: Place;
  readonly system: System;
  readonly own: OwnPackage;
  readonly wanted: string;
  readonly replace: boolean;
}

function planned(kind: Kind, plan: Plan): { readonly step: Step; readonly notes: readonly string[] } {
  const { place, system, own, wanted, replace } = plan;
  const files = filesAt(place, kind, system).map((file) => readConfiguration(kind, file, system));
  const unread = place.scope === "global" ? overruled(files) : [];
  const named = files
    .filter((file) => !unread.includes(file))
    .flatMap((configuration) => configuration.ours.map((entry) => ({ configuration, entry })));
  const same = named.findLast(({ entry }) => isSame(entry, wanted, own));
  const other = named.findLast(({ entry }) => !isSame(entry, wanted, own));
  const notes = unread
    .filter(({ ours }) => ours.length > 0)
    .map(({ state }) => `${state.path} names it in vain: a later file's list of plugins replaces that one`);
  const also = named
    .filter(({ entry }) => entry !== same?.entry && (same !== undefined || entry !== other?.entry))
    .map(({ configuration, entry }) => `${configuration.state.path} also names ${entry.spec}`);
  notes.push(...also);
  if (same !== undefined) {
    const { configuration, entry } = same;
    return { step: { configuration, what: "already", spec: entry.spec, change: undefined }, notes };
  }
  if (other !== undefined) {
    const { configuration, entry } = other;
    if (!replace)
      throw new CliError(
        ExitCode.Failed,
        `${configuration.state.path} names ${entry.spec}, and this is ${wanted}: "orchestrator install --replace" names this one in its place; nothing was changed`,
      );
    return {
      step: { configuration, what: "replaced", spec: wanted, change: withSpec(configuration, entry, wanted) },
      notes,
    };
  }
  const candidates = files.map(({ state, exists, lists }) => ({ file: state.path, exists, lists }));
  const chosen = place.scope === "file" ? place.file : chosenFile(kind, candidates);
  const configuration = files.find(({ state }) => state.path === chosen);
  if (configuration === undefined)
    throw new Error(`none of the files of ${kind} was chosen, though one always can be`);
  return {
    step: { configuration, what: "added", spec: wanted, change: withEntry(configuration, wanted) },
    notes,
  };
}

/** A package without a version is fetched once, whatever version it is then: for OpenCode it is the same entry. */
function isSame({ spec, own }: OwnEntry, wanted: string, { root, version }: OwnPackage): boolean {
  if (spec === wanted) return true;
  if (own.kind === "path") return own.root === root;
  return wanted.includes("@") && (own.version === undefined || own.version === version);
}

/** Writes what is to be written, and says where the old files are kept. @throws CliError */
function written(steps: readonly Step[], records: Records): readonly (string | undefined)[] {
  return steps.map(({ configuration, spec, change }) => {
    if (change === undefined) return undefined;
    const { state } = configuration;
    const made = state.bytes === undefined;
    const backup = made ? "" : records.backUp(state.target, state.bytes);
    replaceFile(state, Buffer.from(change.text, "utf8"));
    const { text: after, edits } = change;
    records.keep({ file: state.target, made, spec, after, edits, backup });
    return made ? undefined : backup;
  });
}

function told({ configuration, what, spec }: Step, backup: string | undefined): string {
  const { path } = configuration.state;
  if (what === "already") return `${path} names ${spec} already; nothing was changed`;
  const kept = backup === undefined ? "the file is new" : `the old one is kept as ${backup}`;
  return `${path} names ${spec} now; ${kept}`;
}

function wouldBe({ configuration, change, spec }: Step): string {
  if (change === undefined) return `${configuration.state.path} names ${spec} already`;
  return unifiedDiff(configuration, change.text).trimEnd();
}

async function askedPlace(): Promise<Place> {
  if (!onTerminal()) return { scope: "global" };
  const answer = await asked("For all projects (a), or for this one only (p)? [a] ");
  if (answer === "" || answer === "a") return { scope: "global" };
  if (answer === "p") return { scope: "project", folder: process.cwd() };
  throw new CliError(ExitCode.Usage, `"${answer}" is neither a nor p; nothing was changed`);
}

function entryKind(given: string | undefined): "npm" | "path" | undefined {
  if (given === undefined || given === "npm" || given === "path") return given;
  throw misused(`--entry takes npm or path, not "${given}"`, USAGE);
}

function parsed(args: readonly string[]) {
  return commandLine(args, USAGE, {
    options: {
      entry: { type: "string" },
      replace: { type: "boolean" },
      "dry-run": { type: "boolean" },
      ...COMMON,
      ...PLACE,
    },
  }).values;
}
