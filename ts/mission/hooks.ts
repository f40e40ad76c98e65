/**
 * What of ours runs when the host tells of something: hooks in phases, sorted within a phase by what they name.
 *
 * A hook that throws is reported and passed over: a fault in one must not keep the others from their work. A guard is
 * there to refuse, so its throwing refuses, whatever it throws: guards fail closed.
 */

/** The phases, in the order in which they run. */
const PHASES = ["early", "normal", "late"] as const;

/** When a hook runs. */
export type HookPhase = (typeof PHASES)[number];

/** One thing to do when the host tells of something. */
export interface Hook<Subject> {
  /** Unique within its set. */
  readonly name: string;
  /** @default "normal" */
  readonly phase?: HookPhase;
  /** Hooks of the same phase that it runs before. */
  readonly before?: readonly string[];
  /** Hooks of the same phase that it runs after. */
  readonly after?: readonly string[];
  /** Whether its throwing refuses what it was told of. @default false */
  readonly guard?: boolean;
  run(subject: Subject): void | Promise<void>;
}

/** A set of hooks whose order can't be made: two of one name, an unknown or later name, or a circle. */
export class HookOrderError extends Error {
  readonly code = "ERR_HOOK_ORDER";

  constructor(message: string) {
    super(message);
    this.name = "HookOrderError";
  }
}

/** A fixed set of hooks. */
export class Hooks<Subject> {
  readonly #sorted: readonly Hook<Subject>[];
  readonly #failed: (hook: string, error: unknown) => void;

  /**
   * `failed` hears of every hook that throws and is no guard.
   * @throws HookOrderError
   */
  constructor(hooks: readonly Hook<Subject>[], failed: (hook: string, error: unknown) => void) {
    this.#sorted = sorted(hooks);
    this.#failed = failed;
  }

  /** The names, in the order in which they run. */
  get order(): readonly string[] {
    return this.#sorted.map(({ name }) => name);
  }

  /** Runs the hooks one after the other. Rejects with what the first guard throws; the hooks after it do not run. */
  async run(subject: Subject): Promise<void> {
    for (const hook of this.#sorted) {
      try {
        await hook.run(subject);
      } catch (error) {
        if (hook.guard === true) throw error;
        this.#failed(hook.name, error);
      }
    }
  }
}

function sorted<Subject>(hooks: readonly Hook<Subject>[]): readonly Hook<Subject>[] {
  const phases = new Map<string, HookPhase>();
  for (const { name, phase = "normal" } of hooks) {
    if (phases.has(name)) throw new HookOrderError(`two hooks are called "${name}"`);
    phases.set(name, phase);
  }
  return PHASES.flatMap((phase) =>
    inOrder(
      hooks.filter((hook) => phases.get(hook.name) === phase),
      phases,
    ),
  );
}

/** Kahn's algorithm; of those that are free to run, the one that was given first. */
function inOrder<Subject>(
  hooks: readonly Hook<Subject>[],
  phases: ReadonlyMap<string, HookPhase>,
): readonly Hook<Subject>[] {
  const after = new Map(hooks.map(({ name }) => [name, new Set<string>()]));
  for (const hook of hooks) {
    for (const other of hook.before ?? []) waits(after, other, hook.name, hook, phases);
    for (const other of hook.after ?? []) waits(after, hook.name, other, hook, phases);
  }
  const left = [...hooks];
  const done: Hook<Subject>[] = [];
  while (left.length > 0) {
    const at = left.findIndex(({ name }) => after.get(name)?.size === 0);
    if (at === -1) throw new HookOrderError(`hooks wait for each other: ${circle(after, left)}`);
    const [next] = left.splice(at, 1);
    if (next === undefined) break;
    done.push(next);
    for (const names of after.values()) names.delete(next.name);
  }
  return done;
}

function waits<Subject>(
  after: ReadonlyMap<string, Set<string>>,
  later: string,
  earlier: string,
  { name, phase = "normal" }: Hook<Subject>,
  phases: ReadonlyMap<string, HookPhase>,
): void {
  for (const named of [later, earlier]) {
    const found = phases.get(named);
    if (found === undefined) throw new HookOrderError(`hook "${name}" names "${named}", and there is none`);
    if (found !== phase)
      throw new HookOrderError(`hook "${name}" is ${phase} and names "${named}", which is ${found}`);
  }
  after.get(later)?.add(earlier);
}

/** The names of one circle, the first at its end again. Every hook that is left waits for another that is left. */
function circle<Subject>(
  after: ReadonlyMap<string, ReadonlySet<string>>,
  left: readonly Hook<Subject>[],
): string {
  const path: string[] = [];
  let name = left[0]?.name ?? "";
  while (!path.includes(name)) {
    path.push(name);
    [name = ""] = after.get(name) ?? [];
  }
  return [...path.slice(path.indexOf(name)), name].join(" → ");
}
