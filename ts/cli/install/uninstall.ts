/** `orchestrator uninstall`: takes back what `install` has done. */
import { COMMON, commandLine } from "../command-line.ts";
import { CliError, ExitCode } from "../exit.ts";
import { type Kind, recordFolder, type System, thisSystem } from "./config-files.ts";
import { type Configuration, readConfiguration, unifiedDiff, withoutUs } from "./configuration.ts";
import { asked, filesAt, namedPlace, onTerminal, PLACE, type Place } from "./place.ts";
import { purge, purgeable } from "./purge.ts";
import { Records } from "./record.ts";
import { removeFile, replaceFile } from "./replace-file.ts";

const USAGE = `Usage: orchestrator uninstall [options]

Takes the plugin and its panel out of OpenCode's configuration. What "install" has added is taken back byte for byte; what
is yours stays, changes that were made since too.

Options:
  --global         only for all projects
  --project        only for the project of the current folder
  --dir <folder>   only for the project of that folder
  --config <file>  only in that file
  --purge          remove .orchestrator/ of the project as well: missions, plans, settings; asks first
  --yes            don't ask
  --dry-run        show what would be changed, as a diff, and change nothing
  --json           print one JSON object, and nothing else
  --help           show this

Without a place, it is taken out of the global configuration and of the current folder's project.

Exit codes: 0 it is gone, 1 something could not be changed, 2 usage, 3 environment`;

/** What becomes of one file; `after` is `undefined` where it is removed. */
interface Step {
  readonly configuration: Configuration;
  readonly after: string | undefined;
}

/** Runs the command. @throws CliError */
export async function uninstall(args: readonly string[]): Promise<number> {
  const options = parsed(args);
  if (options.help === true) {
    console.log(USAGE);
    return ExitCode.Done;
  }
  const named = namedPlace(options);
  const here: Place = { scope: "project", folder: options.dir ?? process.cwd() };
  const places = named === undefined ? [{ scope: "global" } as const, here] : [named];
  const system = thisSystem();
  const records = new Records(recordFolder(system));
  const steps = places.flatMap((place) => planned(place, system, records));
  const dryRun = options["dry-run"] === true;
  const json = options.json === true;
  const folder = options.purge === true ? purgeable(here.folder) : undefined;
  if (folder !== undefined && !dryRun) await refuseOrAsk(folder, options.yes === true);
  const backups = dryRun ? [] : steps.map((step) => carriedOut(step, records));
  if (folder !== undefined && !dryRun) await purge(folder);
  if (json) {
    const files = steps.map(({ configuration, after }, at) => ({
      kind: configuration.kind,
      file: configuration.state.path,
      removed: after === undefined,
      entries: configuration.ours.map(({ spec }) => spec),
      ...(dryRun ? { diff: unifiedDiff(configuration, after) } : { backup: backups[at] }),
    }));
    console.log(JSON.stringify({ dryRun, files, purged: folder?.path }));
    return ExitCode.Done;
  }
  for (const [at, step] of steps.entries())
    console.log(
      dryRun ? unifiedDiff(step.configuration, step.after).trimEnd() : told(step, backups[at] ?? ""),
    );
  if (steps.length === 0) console.log("No configuration names the plugin; nothing was changed");
  if (folder !== undefined) console.log(`${folder.path} ${dryRun ? "would be removed" : "is removed"}`);
  return ExitCode.Done;
}

function planned(place: Place, system: System, records: Records): readonly Step[] {
  const kinds: readonly Kind[] = ["opencode", "tui"];
  const files = kinds.flatMap((kind) =>
    filesAt(place, kind, system).map((file) => readConfiguration(kind, file, system)),
  );
  return files
    .filter(({ ours }) => ours.length > 0)
    .map((configuration) => ({
      configuration,
      after: withoutUs(configuration, records.of(configuration.state.target), system),
    }));
}

function carriedOut({ configuration, after }: Step, records: Records): string {
  const { state } = configuration;
  const backup = state.bytes === undefined ? "" : records.backUp(state.target, state.bytes);
  if (after === undefined) removeFile(state);
  else replaceFile(state, Buffer.from(after, "utf8"));
  records.forget(state.target);
  return backup;
}

function told({ configuration, after }: Step, backup: string): string {
  const { path } = configuration.state;
  const specs = configuration.ours.map(({ spec }) => spec).join(", ");
  const done =
    after === undefined ? `${path}, which was made for it, is removed` : `${path} names ${specs} no more`;
  return `${done}; it is kept as ${backup}`;
}

async function refuseOrAsk(
  folder: { readonly path: string; readonly files: readonly string[] },
  yes: boolean,
) {
  if (yes) return;
  const list = [...folder.files.slice(0, 20).map((file) => `  ${file}`)];
  if (folder.files.length > list.length) list.push(`  … and ${folder.files.length - list.length} more`);
  console.error(`${folder.path} holds ${folder.files.length} files:\n${list.join("\n")}`);
  if (!onTerminal())
    throw new CliError(
      ExitCode.Usage,
      "--purge asks first, and nobody can be asked: give --yes; nothing was changed",
    );
  if ((await asked("Remove them for good? [y/N] ")) !== "y")
    throw new CliError(ExitCode.Failed, "nothing was changed");
}

function parsed(args: readonly string[]) {
  return commandLine(args, USAGE, {
    options: {
      purge: { type: "boolean" },
      yes: { type: "boolean" },
      "dry-run": { type: "boolean" },
      ...COMMON,
      ...PLACE,
    },
  }).values;
}
