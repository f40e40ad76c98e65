import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";

/** What a pool has done since the process began, and what is out of it now. */
export interface PoolCounts {
  /** Values lent. */
  readonly taken: number;
  /** Lent from those that lay ready. */
  readonly reused: number;
  /** Made, because none lay ready. */
  readonly allocated: number;
  /** Freed when they came back: there was no room for them, or they no longer fitted. */
  readonly discarded: number;
  /** Lent and not yet back: 0 whenever no call and no job is under way, or else a leak. */
  readonly outstanding: number;
  /** The most that were outstanding at once. */
  readonly highWater: number;
  /** Ready to be lent. */
  readonly idle: number;
}

/** The buffers of one size. */
export interface BufferClass extends PoolCounts {
  /** 1024, 4096, 16384 or 65536. */
  readonly bytes: number;
}

/** The pools of the native engine. There is one of each in a process, for all of its workers together. */
export interface PoolStatistics {
  /** Byte buffers: what the engine answers is written into one before it crosses into JavaScript. */
  readonly buffers: {
    /** By size, the smallest first. */
    readonly classes: readonly BufferClass[];
    /** Above the largest class: made for one use, and freed. */
    readonly oversize: PoolCounts;
  };
}

/** What the engine's pools have done, and what is out of them. */
export function poolStatistics(): PoolStatistics {
  const native = addon();
  return JSON.parse(crossing(() => native.poolStatistics())) as PoolStatistics;
}
