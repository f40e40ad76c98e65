import { addon } from "./addon.ts";
import { crossing } from "./crossing.ts";

/** What a shell command would change, as far as its text shows. */
export interface ShellEffects {
  /** Paths it would create, change or remove, as written, with the folder of an earlier `cd` before them. */
  readonly writes: readonly string[];
  /** Parts that discard or move work that is not the command's own, such as `git reset --hard`. */
  readonly destructive: readonly string[];
  /** It may change more than these: `make`, `rm "$FILE"`. */
  readonly opaque: boolean;
}

/** Reads a command as Bash, without running it. */
export function shellEffects(command: string): ShellEffects {
  return JSON.parse(crossing(() => addon().shellEffects(command))) as ShellEffects;
}
