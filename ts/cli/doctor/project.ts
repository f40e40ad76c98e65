/** What the doctor says of this machine and of a project. */
import { existsSync, readdirSync, readlinkSync, statfsSync } from "node:fs";
import { join, sep } from "node:path";
import { EngineError, findAddon, loadAddon } from "../../engine/index.ts";
import { MissionError } from "../../mission/error.ts";
import { git } from "../../mission/git-run.ts";
import { STATE_FOLDER, STORE_FILE } from "../../mission/orchestrator.ts";
import { unfinished } from "../../mission/recovery.ts";
import { loadSettings, settingsFiles } from "../../mission/settings.ts";
import { Worktrees } from "../../mission/worktrees.ts";
import { CliError } from "../exit.ts";
import { openProjectStore } from "../project-store.ts";
import { type Check, failed, notChecked, ok, warning } from "./check.ts";

const LEAST_NODE = [20, 19] as const;
const LOW_BYTES = 200 * 1024 * 1024;
const NO_BYTES = 10 * 1024 * 1024;

/** Linux's numbers of file systems whose locks or shared memory do not hold between machines (statfs(2)). */
const NETWORK: Readonly<Record<number, string>> = {
  26985: "NFS",
  20859: "SMB",
  4283649346: "CIFS",
  4266872130: "SMB2",
  16914839: "9P",
  1702057286: "FUSE",
};

/** All that can be looked at without OpenCode. */
export async function projectChecks(project: string, options: unknown): Promise<readonly Check[]> {
  return [
    runtimeCheck(process.versions.node, process.versions["bun"]),
    engineCheck(),
    await settingsCheck(project, options),
    storeCheck(project),
    await worktreesCheck(project),
    processesCheck(project),
    await gitCheck(project),
    ...diskChecks(project),
  ];
}

/** What runs the command line. */
export function runtimeCheck(node: string, bun: string | undefined): Check {
  if (bun !== undefined) return ok("runtime", `Bun ${bun}`);
  const [major = 0, minor = 0] = node.split(".").map(Number);
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return enough
    ? ok("runtime", `Node ${node}`)
    : failed("runtime", `Node ${node} is older than 20.19`, "update Node, or run this with Bun 1.3 or newer");
}

/** For the command line itself: what runs in OpenCode is looked at there. */
function engineCheck(): Check {
  try {
    return ok("native engine here", `${loadAddon().version()}: ${findAddon()}`);
  } catch (error) {
    if (!EngineError.is(error)) throw error;
    return failed(
      "native engine here",
      firstLine(error.message),
      "install the package anew, with its optional dependencies",
    );
  }
}

async function settingsCheck(project: string, options: unknown): Promise<Check> {
  try {
    await loadSettings(settingsFiles(project), options);
    return ok("settings", "valid");
  } catch (error) {
    if (!(error instanceof MissionError)) throw error;
    const problems = error.message.split("\n").filter((line) => line !== "invalid settings");
    return failed("settings", problems.join(" | "), "mend them: no mission begins before");
  }
}

function storeCheck(project: string): Check {
  const path = join(project, STATE_FOLDER, STORE_FILE);
  if (!existsSync(path)) return notChecked("store", "the project has had no mission");
  try {
    using store = openProjectStore(project);
    const { ok: whole, faults, records } = store.audit();
    if (whole) return ok("store", `whole, with ${records} records`);
    const told = faults.slice(0, 3).map(({ message }) => message);
    return failed("store", told.join(" | "), `move ${path} away: the next mission begins a new one`);
  } catch (error) {
    if (!(error instanceof CliError) && !EngineError.is(error)) throw error;
    return failed("store", firstLine(error.message), `move ${path} away: the next mission begins a new one`);
  }
}

async function worktreesCheck(project: string): Promise<Check> {
  const all = await Worktrees.missions(project);
  if (all.length === 0) return ok("worktrees", "none is left over");
  let going: ReadonlySet<string>;
  try {
    using store = openProjectStore(project);
    going = new Set(unfinished(store).map(({ brief }) => brief.id));
  } catch (error) {
    if (!(error instanceof CliError) && !EngineError.is(error)) throw error;
    return notChecked("worktrees", "the store can't be read, so nobody knows whose they are");
  }
  const left = all.filter((mission) => !going.has(mission));
  if (left.length === 0) return ok("worktrees", `those of ${all.length} unfinished missions`);
  return warning(
    "worktrees",
    `left over from ended missions: ${left.join(", ")}`,
    "the next mission with isolation removes them; git worktree list shows them",
  );
}

/** Programs that still work in a worktree of a mission. Only Linux tells where a program works without more tools. */
function processesCheck(project: string): Check {
  if (process.platform !== "linux")
    return notChecked("processes", "this system does not tell where programs work");
  const folder = join(project, STATE_FOLDER, "worktrees") + sep;
  const left = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && worksIn(name, folder));
  if (left.length === 0) return ok("processes", "none works in a worktree of a mission");
  return warning(
    "processes",
    `working in worktrees: ${left.join(", ")}`,
    "end them, unless a mission goes on",
  );
}

function worksIn(pid: string, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
  } catch {
    // It has ended meanwhile, or is another user's, and then not ours.
    return false;
  }
}

async function gitCheck(project: string): Promise<Check> {
  const { code, stdout } = await git(project, ["--version"]);
  if (code !== 0) return failed("git", "it can't be run", "install git, and have it on PATH");
  const version = stdout.trim();
  const why = await Worktrees.supported(project);
  if (why === undefined) return ok("git", version);
  return warning(
    "git",
    `${version}; ${why}`,
    "missions work, without changes to compare and without worktrees",
  );
}

function diskChecks(project: string): readonly Check[] {
  const { bavail, bsize, type } = statfsSync(project);
  const free = bavail * bsize;
  const room = `${Math.round(free / 1024 / 1024)} MiB free`;
  const space =
    free < NO_BYTES
      ? failed("disk", room, "make room: a mission's journal can't be written")
      : free < LOW_BYTES
        ? warning("disk", room, "make room: worktrees and the journal need it")
        : ok("disk", room);
  return [
    space,
    process.platform === "linux"
      ? fileSystemCheck(type)
      : notChecked("file system", "this system does not tell its kind"),
  ];
}

/** SQLite's write-ahead log needs locks and shared memory of one machine. */
export function fileSystemCheck(type: number): Check {
  const network = NETWORK[type];
  if (network === undefined) return ok("file system", "not a network's");
  return warning(
    "file system",
    `the project lies on ${network}, where locks may not hold`,
    "open it from one machine only, or move it to a local disk",
  );
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
