import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Held, MissionEngine, Ownership, platformTag, Store } from "../../ts/engine/index.ts";
import { temporaryFolder } from "./folders.ts";
import { submitted, task } from "./plans.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ADDON =
  process.env["ORCHESTRATOR_NATIVE_PATH"] ?? join(ROOT, "dist", `orchestrator.${platformTag()}.node`);
const CHILD = fileURLToPath(new URL("fixtures/owner.mjs", import.meta.url));

/** Another process on the same store, which is killed at the end of the block. */
class Other implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(path: string) {
    const child = spawn(process.execPath, [CHILD, ADDON, path], { stdio: ["pipe", "pipe", "inherit"] });
    this.process = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async order(line: string): Promise<string> {
    this.process.stdin?.write(`${line}\n`);
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error(`the other process ended at "${line}"`);
    return value;
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

function mine(claim: Ownership | Held): Ownership {
  if (claim instanceof Ownership) return claim;
  throw new Error(`it is held: ${JSON.stringify(claim)}`);
}

function held(claim: Ownership | Held): Held {
  if (!(claim instanceof Ownership)) return claim;
  throw new Error(`it was taken with token ${claim.token}`);
}

/** Makes somebody else the owner, as another process would have written it. */
function takeOver(store: Store, change: Record<string, unknown>): void {
  store.transaction((tx) => {
    const row = tx.get<Record<string, unknown>>("owner/m1")?.value;
    tx.put("owner/m1", { ...row, instance: "another", ...change });
  });
}

const LEASE = 30_000;

test("of two processes that claim a mission together one gets it, a hundred times", async () => {
  using folder = temporaryFolder();
  using _store = Store.open(folder.file("store.db"));
  await using one = new Other(folder.file("store.db"));
  await using two = new Other(folder.file("store.db"));
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 100; round++) {
    const answers = await Promise.all([one.order(`claim m${round}`), two.order(`claim m${round}`)]);
    const outcome = answers.sort().join(", ");
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect([...outcomes]).toEqual([["held alive 1, mine 1", 100]]);
});

test("an owner that was killed is taken over at once", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  await using other = new Other(folder.file("store.db"));
  expect(await other.order("claim m1")).toBe("mine 1");
  const claim = held(Ownership.claim(store, "m1"));
  expect(claim).toMatchObject({
    liveness: "alive",
    lookAgainMs: 5_000,
    holder: { pid: other.process.pid, token: 1 },
  });
  expect(Ownership.holder(store, "m1")).toEqual({ ...claim.holder, liveness: "alive" });

  await other.kill();
  using owner = mine(Ownership.claim(store, "m1"));
  expect([owner.missionId, owner.token, owner.lost]).toEqual(["m1", 2, false]);
});

test.skipIf(process.platform === "win32")(
  "a stopped owner is not taken over, and drives on when it wakes",
  async () => {
    using folder = temporaryFolder();
    using store = Store.open(folder.file("store.db"));
    await using other = new Other(folder.file("store.db"));
    await other.order("claim m1");
    const earlier = held(Ownership.claim(store, "m1", { steady: 0 }));
    other.process.kill("SIGSTOP");
    const claim = held(Ownership.claim(store, "m1", { steady: LEASE * 1_000, earlier }));
    expect(claim.liveness).toBe("alive");
    other.process.kill("SIGCONT");
    expect(await other.order("renew")).toBe("kept");
  },
);

test("a live owner is not taken over by a process whose clocks are years ahead", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  await using other = new Other(folder.file("store.db"));
  await other.order("claim m1");
  const earlier = held(Ownership.claim(store, "m1"));
  const years = { now: Date.UTC(2100, 0), steady: 1e12, earlier };
  expect(held(Ownership.claim(store, "m1", years)).liveness).toBe("alive");
  expect(await other.order("renew")).toBe("kept");
});

test("who was taken over finds out at its next renewal", async () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  await using other = new Other(folder.file("store.db"));
  await other.order("claim m1");
  takeOver(store, { token: 2 });
  expect(await other.order("renew")).toBe("ERR_NOT_OWNER");
});

test("an owner on another host is taken over after 30 s of watching, and not while it renews", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  mine(Ownership.claim(store, "m1"));
  takeOver(store, { host: "another", heartbeat: 0 });
  const first = held(Ownership.claim(store, "m1", { steady: 0 }));
  expect(first).toMatchObject({ liveness: "unknown", lookAgainMs: 5_000 });
  const before = held(Ownership.claim(store, "m1", { steady: LEASE - 1, earlier: first }));
  expect(before.lookAgainMs).toBe(1);

  takeOver(store, { host: "another", heartbeat: 1 });
  const renewed = held(Ownership.claim(store, "m1", { steady: LEASE, earlier: before }));
  expect(renewed.lookAgainMs).toBe(5_000);
  using owner = mine(Ownership.claim(store, "m1", { steady: LEASE * 2, earlier: renewed }));
  expect(owner.token).toBe(2);
});

test.skipIf(process.platform !== "linux")("an owner of another boot is taken over at once", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  mine(Ownership.claim(store, "m1"));
  takeOver(store, { boot: "another" });
  using owner = mine(Ownership.claim(store, "m1"));
  expect(owner.token).toBe(2);
});

test("a released mission is free at once, and its token is not given out again", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  for (const token of [1, 2, 3]) {
    using owner = mine(Ownership.claim(store, "m1"));
    expect(owner.token).toBe(token);
    expect(owner.renew()).toBe(true);
    expect(held(Ownership.claim(store, "m1")).holder.token).toBe(token);
  }
  expect(Ownership.holder(store, "m1")).toBeUndefined();
});

test("after a takeover nothing of a commit is kept, and the error says who has the mission", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using owner = mine(Ownership.claim(store, "m1"));
  using mission = MissionEngine.open(store, "m1", {}, { owner });
  mission.submit(1, [submitted([task("a")])]);
  expect(owner.renew()).toBe(true);
  mission.submit(2, [submitted([task("b")])]);
  const kept = store.journal("mission/m1").length;

  takeOver(store, { token: 2, pid: 4_242 });
  for (const at of [3, 4]) {
    expect(() => mission.submit(at, [submitted([task("c")])])).toThrow(
      expect.objectContaining({
        code: "ERR_NOT_OWNER",
        details: { token: 1, holder: expect.objectContaining({ pid: 4_242, token: 2 }) },
      }),
    );
  }
  expect(store.journal("mission/m1")).toHaveLength(kept);
  expect(mission.snapshot().tasks.map((view) => view.id)).toEqual(["a", "b"]);
  expect([owner.renew(), owner.lost, owner.renew()]).toEqual([false, true, false]);
});

test("whoever let go of a mission writes nothing of it any more", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  const owner = mine(Ownership.claim(store, "m1"));
  using mission = MissionEngine.open(store, "m1", {}, { owner });
  owner[Symbol.dispose]();
  expect(() => mission.submit(1, [submitted([task("a")])])).toThrow(
    expect.objectContaining({ code: "ERR_NOT_OWNER", details: { token: 1, holder: null } }),
  );
  expect(() => MissionEngine.open(store, "m1", {}, { owner })).toThrow(
    expect.objectContaining({ code: "ERR_CLOSED" }),
  );
});

test("an ownership opens its own mission alone", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  using owner = mine(Ownership.claim(store, "m1"));
  expect(() => MissionEngine.open(store, "m2", {}, { owner })).toThrow(
    expect.objectContaining({ code: "ERR_INVALID_INPUT", message: expect.stringContaining('"m2"') }),
  );
  for (const id of ["", "a/b"]) {
    expect(() => Ownership.claim(store, id)).toThrow(expect.objectContaining({ code: "ERR_INVALID_INPUT" }));
  }
});

test("a row that was damaged by hand is an error that names it", () => {
  using folder = temporaryFolder();
  using store = Store.open(folder.file("store.db"));
  store.transaction((tx) => tx.put("owner/m1", { token: "two" }));
  expect(() => Ownership.claim(store, "m1")).toThrow(
    expect.objectContaining({
      code: "ERR_STORE_INVALID_VALUE",
      message: expect.stringContaining("owner/m1"),
    }),
  );
});

test("a store that was closed first does not make the release fail", () => {
  using folder = temporaryFolder();
  const store = Store.open(folder.file("store.db"));
  const owner = mine(Ownership.claim(store, "m1"));
  store.close();
  owner[Symbol.dispose]();
  using again = Store.open(folder.file("store.db"));
  expect(Ownership.holder(again, "m1")?.token).toBe(1);
});
