import type { Bus, LogRecord } from "@posthorn/bus";
import { isPassing } from "@posthorn/postgres";
import type { Logger } from "@posthorn/runtime";
import {
  type DeadLetter,
  deadLetterHeaders,
  deadLetterOf,
  type RefusedRecord,
} from "../domain/dead-letter.ts";
import { deadTopic, type IngestSource } from "./ingest-source.ts";

/** What writing dead letters needs. */
export interface DeadLetterWriterDeps {
  readonly bus: Bus;
  readonly log: Logger;
  readonly newUuid: () => string;
  readonly nowMs: () => number;
}

/**
 * Publishes refused records to the topic of dead letters, byte for byte, and gives their rows,
 * which are still to be inserted. Throws what is transient; then nothing is decided, and a record
 * may stand there twice. One that the topic cannot take has its row alone.
 */
export async function publishDeadLetters(
  deps: DeadLetterWriterDeps,
  { provider, logId, topic }: IngestSource,
  refused: readonly RefusedRecord[],
): Promise<readonly DeadLetter[]> {
  if (refused.length === 0) return [];
  const { partitionCount } = await deps.bus.identity(deadTopic);
  const createdAt = new Date(deps.nowMs());
  const pairs = refused.map((each) => {
    const letter = deadLetterOf(each, { uuid: deps.newUuid(), provider, logId, topic, createdAt });
    return { letter, record: deadRecord(each, letter, partitionCount) };
  });
  await publishAll(
    deps,
    pairs.map(({ record }) => record),
  );
  return pairs.map(({ letter }) => letter);
}

function deadRecord(refused: RefusedRecord, letter: DeadLetter, partitionCount: number): LogRecord {
  const { partition, key, value } = refused.record;
  const headers = deadLetterHeaders(refused, letter);
  return { partition: partition % partitionCount, key, value, headers };
}

/** One by one when together they are refused, so that one that is too large keeps none back. */
async function publishAll(
  { bus, log }: DeadLetterWriterDeps,
  records: readonly LogRecord[],
): Promise<void> {
  const publish = (some: readonly LogRecord[]) =>
    bus.publish(deadTopic, some).then(
      () => undefined,
      (error: unknown) => {
        if (isPassing(error)) throw error;
        return error;
      },
    );
  if ((await publish(records)) === undefined) return;
  for (const record of records) {
    const error = await publish([record]);
    if (error !== undefined) log.error({ err: error }, "a dead letter does not fit its topic");
  }
}
