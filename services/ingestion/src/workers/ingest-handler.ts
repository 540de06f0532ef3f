import type { Batch, PartitionHandler } from "@posthorn/bus";
import { transaction } from "@posthorn/postgres";
import type { Kysely } from "kysely";
import type { DeadLetter } from "../domain/dead-letter.ts";
import { moveOffset, startOffset } from "../store/consumer-offsets.ts";
import type { Database } from "../store/database.ts";
import { recordDeadLetters } from "../store/dead-letters.ts";
import { type DeadLetterWriterDeps, publishDeadLetters } from "./dead-letter-writer.ts";
import { type IngestRecordsDeps, ingestRecords } from "./ingest-records.ts";
import type { IngestSource } from "./ingest-source.ts";

/** What the ingest handler needs. */
export interface IngestHandlerDeps extends IngestRecordsDeps, DeadLetterWriterDeps {
  readonly db: Kysely<Database>;
  /** Told what became of records. */
  readonly countTaken: (counts: { accepted: number; refused: number }) => void;
}

/**
 * Takes a source's records into the log of events. Only when a batch is in the log, or its refused
 * records are dead letters, does the offset move, by compare and set: a crash in between reads the
 * batch again and publishes the same events under the same ids.
 */
export function ingestHandler(deps: IngestHandlerDeps, source: IngestSource): PartitionHandler {
  const { db } = deps;
  const take = ingestRecords(deps, source);
  /** The next offset of each partition that is ours, as the table has it. */
  const positions = new Map<number, bigint>();
  return {
    async start(partition) {
      const offset = await startOffset(db, { ...source, partition });
      positions.set(partition, offset);
      return offset;
    },
    async handle(batch) {
      const from = positions.get(batch.partition);
      const range = rangeOf(batch);
      if (from === undefined || range === undefined) return undefined;
      if (range.first < from) return from;
      const refused = await take(batch.records);
      const letters = await publishDeadLetters(deps, source, refused);
      const moved = await settle(batch.partition, letters, { from, to: range.next });
      if (!moved) return undefined;
      positions.set(batch.partition, range.next);
      const accepted = batch.records.length - refused.length;
      deps.countTaken({ accepted, refused: refused.length });
      return range.next;
    },
    stopped: (partition) => void positions.delete(partition),
  };

  function settle(
    partition: number,
    letters: readonly DeadLetter[],
    offsets: { from: bigint; to: bigint },
  ): Promise<boolean> {
    return transaction(db, async (tx) => {
      const moved = await moveOffset(tx, { ...source, partition }, offsets);
      if (moved) await recordDeadLetters(tx, letters);
      return moved;
    });
  }
}

function rangeOf({ records }: Batch): { first: bigint; next: bigint } | undefined {
  const [first] = records;
  const last = records.at(-1);
  return first && last && { first: first.offset, next: last.offset + 1n };
}
