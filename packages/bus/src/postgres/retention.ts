import { setTimeout as sleep } from "node:timers/promises";
import type { Part } from "@posthorn/runtime";
import type { RetentionOptions } from "../bus.ts";
import type { ConsumerDeps } from "./consumer.ts";
import { trimSegments } from "./maintenance.ts";
import { requireTopic } from "./topics.ts";

/** Keeps a topic within its bounds while it runs. A failure costs space only, until the next look. */
export function retentionPart(
  { pool, segmentLimits: limits }: Pick<ConsumerDeps, "pool" | "segmentLimits">,
  { topic, log, ...kept }: RetentionOptions,
): Part {
  return {
    name: `retention of ${topic}`,
    async run(stop, ready) {
      ready();
      while (!stop.aborted) {
        await look().catch((error: unknown) =>
          log.warn({ err: error, topic }, "segments of the log were not dropped"),
        );
        await sleep(limits.lookMs, undefined, { signal: stop }).catch(() => {}); // stopped
      }
    },
  };

  async function look(): Promise<void> {
    const { id } = await requireTopic(pool, topic);
    await trimSegments(pool, id, { limits, kept });
  }
}
