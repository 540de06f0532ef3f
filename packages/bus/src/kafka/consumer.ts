import type { Part } from "@posthorn/runtime";
import type { Kafka } from "kafkajs";
import type { ConsumerOptions } from "../bus.ts";
import { checkConsumer } from "../check.ts";
import { isEnd, untilDone } from "../transient.ts";
import { GroupSession } from "./group-session.ts";
import type { OffsetRange } from "./ranges.ts";

/** What consumers of one bus share. */
export interface ConsumerDeps {
  readonly kafka: Kafka;
  readonly sessionTimeoutMs: number | undefined;
  partitionCountOf(topic: string): Promise<number>;
  rangesOf(topic: string): Promise<OffsetRange[]>;
}

/** Reads a topic as a member of a group; joins anew, with a new connection, when Kafka was away. */
export function consumerPart(deps: ConsumerDeps, options: ConsumerOptions): Part {
  checkConsumer(options);
  const { topic, group, log } = options;
  return {
    name: `consumer ${group} of ${topic}`,
    async run(stop, ready) {
      try {
        await untilDone(session, { stop, log, doing: `consume ${topic}` });
      } catch (error) {
        if (!isEnd(error, stop)) throw error;
      }

      async function session(): Promise<void> {
        const partitionCount = await deps.partitionCountOf(topic);
        await new GroupSession({ ...deps, partitionCount }, options).run(stop, ready);
      }
    },
  };
}
