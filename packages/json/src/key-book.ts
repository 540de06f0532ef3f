import { Byte } from "./bytes.ts";

/** Above so many keys of one object, a set is quicker than a walk over their hashes. */
const walkedKeyCountMax = 24;

/**
 * The keys of the objects that are open in a scan. Keys of a small object are compared by hash and
 * then by their bytes. Where an object grows, or has a key with an escape, its keys move to a set
 * of texts: V8 hashes those with a secret seed, so that nobody can make keys that collide.
 */
export class KeyBook {
  readonly #bytes: Uint8Array;
  readonly #hashes: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** Where the keys of each open container begin in the three lists. */
  readonly #bases: number[] = [];
  readonly #sets: (Set<string> | undefined)[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Begins a container. */
  open(): void {
    this.#bases.push(this.#starts.length);
    this.#sets.push(undefined);
  }

  /** Ends the innermost container and forgets its keys. */
  close(): void {
    const base = this.#bases.pop() ?? 0;
    this.#hashes.length = base;
    this.#starts.length = base;
    this.#ends.length = base;
    this.#sets.pop();
  }

  /**
   * Notes a key of the innermost object, from its opening to its closing quote. Gives how many
   * keys the object has now, or 0 when it has this one already.
   */
  add(start: number, end: number): number {
    const base = this.#bases.at(-1) ?? 0;
    const set = this.#sets.at(-1);
    if (set !== undefined) return this.#addToSet(set, start, end);
    const hash = this.#hash(start, end);
    if (hash === undefined || this.#starts.length - base >= walkedKeyCountMax) {
      return this.#addToSet(this.#moveToSet(base), start, end);
    }
    for (let index = base; index < this.#hashes.length; index += 1) {
      if (this.#hashes[index] === hash && this.#isSame(index, start, end)) return 0;
    }
    this.#hashes.push(hash);
    this.#starts.push(start);
    return this.#ends.push(end) - base;
  }

  /** FNV-1a; undefined for a key with an escape, whose bytes are not its text. */
  #hash(start: number, end: number): number | undefined {
    const bytes = this.#bytes;
    let hash = 0x811c9dc5 | 0;
    for (let at = start + 1; at < end - 1; at += 1) {
      const byte = bytes[at] as number;
      if (byte === Byte.backslash) return undefined;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    return hash;
  }

  #isSame(index: number, start: number, end: number): boolean {
    const otherStart = this.#starts[index] as number;
    const length = end - start;
    if ((this.#ends[index] as number) - otherStart !== length) return false;
    for (let offset = 1; offset < length; offset += 1) {
      if (this.#bytes[otherStart + offset] !== this.#bytes[start + offset]) return false;
    }
    return true;
  }

  #moveToSet(base: number): Set<string> {
    const set = new Set<string>();
    for (let index = base; index < this.#starts.length; index += 1) {
      set.add(this.#text(this.#starts[index] as number, this.#ends[index] as number));
    }
    this.#sets[this.#sets.length - 1] = set;
    return set;
  }

  #addToSet(set: Set<string>, start: number, end: number): number {
    const text = this.#text(start, end);
    if (set.has(text)) return 0;
    return set.add(text).size;
  }

  /**
   * The key's text behind a quote, which keeps keys like "123" from being array indexes: V8 hashes
   * those without the seed.
   */
  #text(start: number, end: number): string {
    const source = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start);
    const text = source.toString("utf8");
    return text.includes("\\") ? `"${JSON.parse(text)}"` : text;
  }
}
