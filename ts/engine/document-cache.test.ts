import { describe, expect, it, vi } from "vitest";
import { DocumentCache } from "./document-cache.ts";
import type { Document } from "./store.ts";

/** One key's versions, read as the addon reads them from the snapshot of a version. */
function history(...versions: number[]) {
  const read = vi.fn((at: number, known: number) => {
    const found = versions.filter((version) => version <= at).at(-1);
    if (found === undefined) return null;
    return found === known ? "" : `[${found},{}]`;
  });
  return { read, of: (at: number) => (known: number) => read(at, known) };
}

describe("DocumentCache", () => {
  it("reads a document once for all snapshots that are known to hold it", () => {
    const cache = new DocumentCache();
    const { read, of } = history(2);
    const newest = cache.get("a", 5, of(5));
    for (const at of [2, 3, 4, 5]) expect(cache.get("a", at, of(at))).toBe(newest);
    expect(read).toHaveBeenCalledOnce();
  });

  it("asks again for a later snapshot, and keeps what has not changed", () => {
    const cache = new DocumentCache();
    const { read, of } = history(2);
    const first = cache.get("a", 5, of(5));
    expect(cache.get("a", 9, of(9))).toBe(first);
    expect(read).toHaveBeenLastCalledWith(9, 2);
    expect(cache.get("a", 7, of(7))).toBe(first);
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("gives each snapshot its own version, also the past one after the newer", () => {
    const cache = new DocumentCache();
    const { of } = history(2, 6);
    const versions = [5, 6, 5, 8, 2].map((at) => cache.get("a", at, of(at))?.version);
    expect(versions).toEqual([2, 6, 2, 6, 2]);
    expect(cache.get("a", 1, of(1))).toBeUndefined();
  });

  it("remembers no absence, as a later snapshot may hold the key", () => {
    const cache = new DocumentCache();
    const { of } = history(4);
    expect(cache.get("a", 3, of(3))).toBeUndefined();
    expect(cache.get("a", 4, of(4))?.version).toBe(4);
  });

  it("freezes what it gives, in all its depth", () => {
    const document = new DocumentCache().get("a", 1, () => '[1,{"in":[{}]}]');
    const { value } = document as Document<{ in: [object] }>;
    for (const part of [document, value, value.in, value.in[0]]) expect(Object.isFrozen(part)).toBe(true);
  });

  it("freezes what is nested deeper than the stack would go", () => {
    const text = `[1,${"[".repeat(100_000)}${"]".repeat(100_000)}]`;
    expect(new DocumentCache().get("a", 1, () => text)?.version).toBe(1);
  });

  it("forgets what was not used for long, and keeps what is used", () => {
    const cache = new DocumentCache(2_000);
    const { read, of } = history(1);
    const used = cache.get("used", 1, of(1));
    const unused = cache.get("unused", 1, of(1));
    for (let n = 0; n < 50; n++) {
      cache.get(`other/${n}`, 1, of(1));
      expect(cache.get("used", 1, of(1))).toBe(used);
    }
    expect(read).toHaveBeenCalledTimes(52);
    expect(cache.get("unused", 1, of(1))).not.toBe(unused);
  });

  it("keeps no document that would take all of its room", () => {
    const cache = new DocumentCache(300);
    const read = vi.fn(() => `[1,"${"x".repeat(100)}"]`);
    cache.get("a", 1, read);
    cache.get("a", 1, read);
    expect(read).toHaveBeenCalledTimes(2);
  });
});
