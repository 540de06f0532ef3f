import type { SourcedEvent } from "./event-source.ts";

const countMax = 100;
/** Beneath the 4 MiB of a batch, as names and keys count, too. */
const bytesMax = 3 * 1024 * 1024;

/** Gathers events into batches that Posthorn takes. */
export async function* batches(
  events: AsyncIterable<SourcedEvent>,
): AsyncGenerator<readonly SourcedEvent[]> {
  let batch: SourcedEvent[] = [];
  let bytes = 0;
  for await (const event of events) {
    if (batch.length === countMax || (batch.length > 0 && bytes + event.bytes > bytesMax)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += event.bytes;
  }
  if (batch.length > 0) yield batch;
}
