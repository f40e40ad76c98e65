import { crossing } from "./crossing.ts";
import type { NativeTaskGraph } from "./native.ts";

/** Tasks on their way to the engine, as the columns that it takes. The columns are kept and grow by doubling. */
export class Staging {
  #count = 0;
  #edges = 0;
  #priorities = new Uint8Array(64);
  #offsets = new Uint32Array(65);
  #dependencies = new Uint32Array(64);

  /** How many tasks were added since the last {@link submit}. */
  get count(): number {
    return this.#count;
  }

  /** A dependency of the task that is added next. */
  dependOn(id: number): void {
    if (this.#edges === this.#dependencies.length) {
      const grown = new Uint32Array(2 * this.#edges);
      grown.set(this.#dependencies);
      this.#dependencies = grown;
    }
    this.#dependencies[this.#edges++] = id;
  }

  /** Adds a task: 0 high, 1 normal, 2 low. */
  add(priority: number): void {
    if (this.#count === this.#priorities.length) this.#grow();
    this.#priorities[this.#count++] = priority;
    this.#offsets[this.#count] = this.#edges;
  }

  /** Hands all of them over. */
  submit(native: NativeTaskGraph): void {
    const count = this.#count;
    const priorities = this.#priorities.subarray(0, count);
    const offsets = this.#offsets.subarray(0, count + 1);
    const dependencies = this.#dependencies.subarray(0, this.#edges);
    crossing(() => native.add(count, priorities, offsets, dependencies));
    this.#count = 0;
    this.#edges = 0;
  }

  #grow(): void {
    const priorities = new Uint8Array(2 * this.#count);
    priorities.set(this.#priorities);
    this.#priorities = priorities;
    const offsets = new Uint32Array(2 * this.#count + 1);
    offsets.set(this.#offsets);
    this.#offsets = offsets;
  }
}
