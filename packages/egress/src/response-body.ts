const empty = new Uint8Array(0);

/** How many bytes of an answer's body are kept. */
export const bodyBytesMax = 16 * 1024;

/** How many more are read and dropped, so that the connection can be used again. */
export const discardBytesMax = 48 * 1024;

/** The kept part of an answer's body, bytes as they came. */
export class ResponseBody {
  #chunks: Uint8Array[] = [];
  #keptBytes = 0;
  #discardedBytes = 0;

  /** Takes a chunk; false = that was more than we care to read. */
  take(chunk: Uint8Array): boolean {
    const kept = chunk.subarray(0, bodyBytesMax - this.#keptBytes);
    // Copied, because undici's chunks are windows into buffers much larger than they.
    if (kept.length > 0) this.#chunks.push(new Uint8Array(kept));
    this.#keptBytes += kept.length;
    this.#discardedBytes += chunk.length - kept.length;
    return this.#discardedBytes <= discardBytesMax;
  }

  /** Whether there was more than is kept. */
  get isTruncated(): boolean {
    return this.#discardedBytes > 0;
  }

  /** Gives what is kept, at most 16 KiB. */
  bytes(): Uint8Array {
    const [first = empty, ...more] = this.#chunks;
    if (more.length === 0) return first;
    const all = new Uint8Array(this.#keptBytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}
