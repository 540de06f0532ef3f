/** A consumer asked for records that the log no longer has, or not yet: nothing may skip them. */
export class OutOfRangeError extends Error {
  override readonly name = "OutOfRangeError";

  constructor(options: {
    topic: string;
    partition: number;
    offset: bigint;
    firstOffset: bigint;
    endOffset: bigint;
  }) {
    const { topic, partition, offset, firstOffset, endOffset } = options;
    super(
      `offset ${offset} of ${topic}/${partition} is out of range: ` +
        `the log keeps ${firstOffset} to ${endOffset}`,
    );
  }
}
