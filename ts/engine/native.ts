/**
 * The addon as Rust exports it. Whatever has more than a number in it crosses as one JSON string, lists of numbers
 * as typed arrays; an error's message is JSON too (see `crossing.ts`). Nothing outside ts/engine sees this face.
 */
export interface NativeAddon {
  /** The version of the package that the addon was built for. */
  version(): string;
  checkSyntax(path: string, source: Uint8Array, optionsJson: string): string | null;
  checkChange(path: string, before: Uint8Array, after: Uint8Array, optionsJson: string): string | null;
  shellEffects(command: string): string;
  outsideScope(globs: string[], paths: string[]): string[];
  searchFiles(root: string, optionsJson: string): string;
  listFiles(root: string, optionsJson: string): string;
  searchTrees(root: string, optionsJson: string): string;
  rewriteTrees(root: string, optionsJson: string): string;
  outline(path: string, source: Uint8Array): string | null;
  poolStatistics(): string;
  measureMemory(): string | null;
  readonly NativeLimiter: new (ceiling: number) => NativeLimiter;
  readonly NativeBreaker: new (seed: number) => NativeBreaker;
  readonly NativeBackoff: new (seed: number) => NativeBackoff;
  readonly NativeJobs: new () => NativeJobs;
  readonly NativePoller: new () => NativePoller;
  readonly NativeTaskGraph: new () => NativeTaskGraph;
  readonly NativeScheduler: new (configJson: string) => NativeScheduler;
  readonly NativeStore: { open(path: string, optionsJson: string): NativeStore };
  readonly NativeOwnership: {
    claim(
      store: NativeStore,
      missionId: string,
      wallMs: number,
      steadyMs: number,
      earlierJson: string | undefined,
    ): NativeOwnership | string;
    holder(store: NativeStore, missionId: string): string | null;
  };
  readonly NativeMission: {
    open(
      store: NativeStore,
      missionId: string,
      configJson: string,
      owner: NativeOwnership | undefined,
    ): NativeMission;
  };
}

export interface NativeJobs {
  drain(mostBytes: number): string | null;
  part(id: number): string | null;
  progress(id: number): string | null;
  cancel(id: number): void;
  statistics(): string;
  checkSyntax(
    path: string,
    source: Uint8Array,
    before: Uint8Array | undefined,
    optionsJson: string,
    limitsJson: string,
  ): number | null;
  searchFiles(root: string, optionsJson: string, limitsJson: string): number;
  listFiles(root: string, optionsJson: string, limitsJson: string): number;
  searchTrees(root: string, optionsJson: string, limitsJson: string): number;
  rewriteTrees(root: string, optionsJson: string, limitsJson: string): number;
  outline(path: string, source: Uint8Array, limitsJson: string): number | null;
}

/** What can be asked of a scheduler, with or without a store below it. */
export interface NativeView {
  nextWake(): number | null;
  snapshot(): string;
  task(id: string): string | null;
  spec(id: string): string | null;
  checkPlan(planJson: string): string;
  lease(id: number): string | null;
  leaseOfSession(session: string): string | null;
}

export interface NativeScheduler extends NativeView {
  handle(atMs: number, eventsJson: string): string;
  due(nowMs: number): string;
}

export interface NativeMission extends NativeView {
  submit(atMs: number, eventsJson: string): string;
  tick(nowMs: number): string;
}

export interface NativeOwnership {
  heartbeatMs(): number;
  token(): number;
  renew(wallMs: number): void;
  release(wallMs: number): boolean;
}

export interface NativeLimiter {
  acquire(): boolean;
  release(): void;
  inUse(): number;
  limit(): number;
  succeeded(): void;
  pushedBack(nowMs: number): void;
}

export interface NativeBreaker {
  state(): "closed" | "open" | "half_open";
  retryAt(): number | null;
  admits(nowMs: number): boolean;
  begin(nowMs: number): NativeCall | null;
  succeeded(call: NativeCall): void;
  failed(call: NativeCall, nowMs: number, retryAfterMs: number | undefined): void;
  withdrawn(call: NativeCall): void;
}

declare const CALL: unique symbol;

/** A call that a breaker let begin; only Rust looks inside. */
export interface NativeCall {
  readonly [CALL]: never;
}

export interface NativeBackoff {
  next(retryAfterMs: number | undefined): number;
  reset(): void;
}

export interface NativePoller {
  nextAt(): number | null;
  moved(nowMs: number): void;
  looked(nowMs: number): void;
  rest(): void;
}

export interface NativeTaskGraph {
  add(count: number, priorities: Uint8Array, offsets: Uint32Array, dependencies: Uint32Array): number;
  advance(batch: Uint32Array, done: number, most: number): number;
  failed(ids: Uint32Array): number;
  cancel(ids: Uint32Array): number;
  blocked(into: Uint32Array): void;
  counts(into: Uint32Array): void;
  state(id: number): number | null;
  height(id: number): number | null;
}

export interface NativeStore {
  setAside(): string | null;
  refresh(): number;
  get(key: string, known: number): string | null;
  snapshot(): NativeSnapshot;
  at(version: number): NativeSnapshot;
  begin(): NativeTransaction;
  journal(stream: string, fromSeq: number): string;
  changes(prefix: string, since: number): string | null;
  audit(): string;
  collect(keepFromVersion: number): number;
  close(): void;
}

export interface NativeSnapshot {
  version(): number;
  get(key: string, known: number): string | null;
  scan(prefix: string): string;
  close(): void;
}

export interface NativeTransaction {
  get(key: string): string | null;
  scan(prefix: string): string;
  commit(batchJson: string, full: boolean): number;
}
