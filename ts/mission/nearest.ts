/** "Did you mean": the known word that is closest to one that is not known. */
import { closest, distance } from "fastest-levenshtein";

/** The nearest of `known` (Levenshtein distance), unless even that is another word altogether. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(word, known);
  const most = Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 2)));
  return distance(word, candidate) <= most ? candidate : undefined;
}
