/** The first and the last bytes of a stream; memory stays bounded however much is printed. */
export class HeadAndTail {
  readonly #half: number;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #dropped = 0;

  /** `keep` bytes in all, half from the head and half from the tail. */
  constructor(keep: number) {
    this.#half = Math.ceil(keep / 2);
  }

  add(chunk: Buffer): void {
    const room = this.#half - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = chunk.subarray(Math.max(0, room));
    if (rest.length === 0) return;
    const tail = Buffer.concat([this.#tail, rest]);
    this.#dropped += Math.max(0, tail.length - this.#half);
    this.#tail = tail.subarray(Math.max(0, tail.length - this.#half));
  }

  text(): string {
    const gap = this.#dropped > 0 ? `\n… ${this.#dropped} bytes left out …\n` : "";
    return `${this.#head.toString("utf8")}${gap}${this.#tail.toString("utf8")}`.trimEnd();
  }
}
