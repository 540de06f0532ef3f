import { setTimeout as sleep } from "node:timers/promises";
import type { Part } from "@posthorn/runtime";
import type pg from "pg";
import type { ConsumerOptions } from "../bus.ts";
import { checkConsumer } from "../check.ts";
import { isEnd, untilDone } from "../transient.ts";
import type { Ends } from "./ends.ts";
import { GroupMember } from "./group-member.ts";
import { maintainSegments, type SegmentLimits } from "./maintenance.ts";
import type { Notices } from "./notices.ts";
import type { Tails } from "./tails.ts";
import { requireTopic } from "./topics.ts";

/** What consumers of one bus share. */
export interface ConsumerDeps {
  readonly pool: pg.Pool;
  readonly busId: string;
  readonly ends: Ends;
  readonly tails: Tails;
  readonly notices: Notices;
  readonly segmentLimits: SegmentLimits;
}

/** Reads a topic as a member of a group, and keeps the topic's segments in order meanwhile. */
export function consumerPart(deps: ConsumerDeps, options: ConsumerOptions): Part {
  checkConsumer(options);
  const { topic, group, log } = options;
  return {
    name: `consumer ${group} of ${topic}`,
    async run(stop, ready) {
      deps.notices.listen();
      const end = new AbortController();
      let maintaining: Promise<void> | undefined;
      try {
        const { id } = await untilDone(find, { stop, log, doing: "find a topic" });
        maintaining = maintain(id, AbortSignal.any([stop, end.signal]));
        await memberOf(id).run(stop, ready);
      } catch (error) {
        if (!isEnd(error, stop)) throw error;
      } finally {
        end.abort();
        await maintaining;
      }
    },
  };

  function find() {
    return requireTopic(deps.pool, topic);
  }

  function memberOf(topicId: number): GroupMember {
    const key = { topicId, group };
    const { pool, busId, ends, tails, notices } = deps;
    return new GroupMember(
      {
        pool,
        busId,
        ends,
        tails,
        log,
        notifyGroup: () => notices.send({ kind: "group", ...key }),
        onGroupNotice: (callback) => notices.onGroup(key, callback),
      },
      topicId,
      options,
    );
  }

  /** A failure costs space only, and the next look makes good for it. */
  async function maintain(topicId: number, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await sleep(deps.segmentLimits.lookMs, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) return;
      await maintainSegments(deps.pool, topicId, deps.segmentLimits).catch((error: unknown) =>
        log.warn({ err: error, topic }, "segments of the log were not maintained"),
      );
    }
  }
}
