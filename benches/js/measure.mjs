/** Samples, rounds, and the form of a report. Runs in Node and in Bun. */

export const RUNTIME =
  process.versions.bun === undefined ? `Node ${process.versions.node}` : `Bun ${process.versions.bun}`;

/** Whether only to show that the bench runs. */
export const QUICK = process.argv.includes("--quick");

/** Frees what can be freed: Node has to be started with `--expose-gc`. */
export const collect = globalThis.Bun === undefined ? globalThis.gc : () => globalThis.Bun.gc(true);

const jsc = globalThis.Bun === undefined ? undefined : await import("bun:jsc");

/** Bytes of the JavaScript heap that are in use. */
export function heapUsed() {
  return jsc === undefined ? process.memoryUsage().heapUsed : jsc.heapStats().heapSize;
}

/**
 * Runs each of the named functions once a round, in turn, each on a collected heap.
 *
 * @returns what they gave, or promised, by name, one a round
 */
export async function interleaved(rounds, contenders) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      collect();
      samples[name].push(await contenders[name]());
    }
  }
  return samples;
}

export function spread(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

function quantile(sorted, part) {
  const at = (sorted.length - 1) * part;
  const below = Math.floor(at);
  const next = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (next - sorted[below]) * (at - below);
}

/**
 * A row of a report: the ratio is that of each round, and the goal is the most that its median may be.
 *
 * @param {{ what: string, goal?: number, inWords?: string, unit: (value: number) => string }} about
 */
export function row({ what, goal, inWords, unit }, ours, peer) {
  const ratios = ours.map((value, round) => value / peer[round]).filter(Number.isFinite);
  if (ratios.length === 0) throw new Error(`${what}: the peer's numbers are all 0, measure more`);
  const ratio = spread(ratios);
  return {
    what,
    goal: goal === undefined ? null : inWords,
    ours: unit(spread(ours).median),
    peer: unit(spread(peer).median),
    ratio,
    met: goal === undefined ? null : ratio.median <= goal,
  };
}

/** The last line of a bench's output. */
export function print(report) {
  console.log(JSON.stringify(report));
}
