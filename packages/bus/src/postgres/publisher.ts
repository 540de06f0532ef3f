import { AppError } from "@posthorn/errors";
import type { LogRecord } from "../bus.ts";
import { checkRecords } from "../check.ts";
import type { Gather } from "../gather.ts";
import { underWay } from "../under-way.ts";
import { type AppendCall, appendCall } from "./append.ts";
import { type AppenderDeps, appender } from "./appender.ts";
import { toUnavailable } from "./connection.ts";
import type { PartitionPlace } from "./ends.ts";
import { requireTopic } from "./topics.ts";

/** So many records in one call are a batch, and can wait. */
const manyRecords = 25;

/** What a publisher works with. */
export interface PublisherDeps extends AppenderDeps {
  /** Lets records in when the readers of a partition are not far behind, or after a while (see Tails). */
  room(place: PartitionPlace, count: number): Promise<() => void>;
}

/** Appends to any topic. */
export interface Publisher {
  publish(topic: string, records: readonly LogRecord[]): Promise<void>;
  /** Refuses what comes from now on and waits for what is under way. */
  close(): Promise<void>;
}

interface TopicAppender {
  readonly topicId: number;
  readonly partitionCount: number;
  readonly gather: Gather<AppendCall>;
}

/** Opens an appender per topic when it is first published to. */
export function publisher(deps: PublisherDeps): Publisher {
  const opened = new Map<string, Promise<TopicAppender>>();
  const publishes = underWay();
  let isClosed = false;
  return {
    async publish(topic, records) {
      if (isClosed) throw new AppError("unavailable", "the log is closed");
      if (records.length > 0) await publishes.track(append(topic, records));
    },
    async close() {
      isClosed = true;
      await publishes.settled();
    },
  };

  async function append(topic: string, records: readonly LogRecord[]): Promise<void> {
    const { topicId, partitionCount, gather } = await appenderOf(topic);
    const call = appendCall(records);
    checkRecords(records, { partitionCount, bytes: call.bytes });
    const leave = records.length >= manyRecords ? await room(topicId, records) : undefined;
    try {
      await gather.add(call);
    } finally {
      leave?.();
    }
  }

  /** Whoever publishes much at a time leaves readers, and those who publish little, their part. */
  async function room(topicId: number, records: readonly LogRecord[]): Promise<() => void> {
    const byPartition = Map.groupBy(records, ({ partition }) => partition);
    const leaves = await Promise.all(
      [...byPartition].map(([partition, { length }]) => deps.room({ topicId, partition }, length)),
    );
    return () => {
      for (const leave of leaves) leave();
    };
  }

  function appenderOf(name: string): Promise<TopicAppender> {
    const found = opened.get(name);
    if (found) return found;
    const opening = open(name);
    opened.set(name, opening);
    opening.catch(() => opened.delete(name)); // The next publish looks again.
    return opening;
  }

  async function open(name: string): Promise<TopicAppender> {
    const topic = await requireTopic(deps.pool, name).catch((error: unknown) => {
      throw toUnavailable(error, "the log does not answer");
    });
    const { id: topicId, partitionCount } = topic;
    return { topicId, partitionCount, gather: appender(deps, topic) };
  }
}
