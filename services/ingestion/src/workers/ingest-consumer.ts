import type { Bus } from "@posthorn/bus";
import { AppError } from "@posthorn/errors";
import { isPassing } from "@posthorn/postgres";
import { type Part, retrying } from "@posthorn/runtime";
import { checkLog } from "../store/consumer-offsets.ts";
import { type IngestHandlerDeps, ingestHandler } from "./ingest-handler.ts";
import { deadTopic, type IngestSource, type IngestTopic } from "./ingest-source.ts";

/** How topics are read, and made when they are missing. */
export interface IngestConsumerOptions extends IngestTopic {
  /** For topics that have to be created; those that are there keep theirs. */
  readonly partitionCount: number;
}

/** One for each topic: Kafka hands a group's partitions out as if all members read all its topics. */
const groupOf = (topic: string) => `posthorn.ingestion.${topic}`;
const batchRecordsMax = 500;

/**
 * Reads an ingest topic. Refuses to start when the offsets in the database belong to another log.
 * Waits, and decides nothing, while Postgres, the log or subscription are down.
 */
export function ingestConsumer(deps: IngestHandlerDeps, options: IngestConsumerOptions): Part {
  const { bus, log } = deps;
  const { topic } = options;
  return {
    name: `ingest ${topic}`,
    async run(stop, ready) {
      const source = await retrying(() => openSource(deps, options), {
        isTransient: isPassing,
        stop,
      });
      const handler = ingestHandler(deps, source);
      const group = groupOf(topic);
      await bus.consumer({ topic, group, handler, batchRecordsMax, log }).run(stop, ready);
    },
  };
}

async function openSource(
  { bus, db }: IngestHandlerDeps,
  { topic, provider, partitionCount }: IngestConsumerOptions,
): Promise<IngestSource> {
  await ensureTopic(bus, deadTopic, partitionCount);
  await ensureTopic(bus, topic, partitionCount);
  const { logId } = await bus.identity(topic);
  await checkLog(db, { topic, logId });
  return { topic, provider, logId };
}

/** Producers may have made the topic, with a partition count of their own. */
async function ensureTopic(bus: Bus, name: string, partitionCount: number): Promise<void> {
  try {
    await bus.identity(name);
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== "not_found") throw error;
    await bus.ensureTopics([{ name, partitionCount }]);
  }
}
