/** Where an object's chance comes from. */
export interface Seeded {
  /**
   * A whole number from 0 to 2^53 - 1: the same seed and calls give the same pauses.
   * @default a random one, so that processes that fail together don't come back together
   */
  readonly seed?: number | undefined;
}

export function seedOf({ seed }: Seeded): number {
  return seed ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
}
