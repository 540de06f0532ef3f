import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Bus } from "@posthorn/bus";
import { isPassing } from "@posthorn/postgres";
import {
  OldestDue_Class,
  OldestDueSchema,
  PartitionStatusSchema,
  ProcessStatusSchema,
  SystemSchema,
  type SystemService,
} from "@posthorn/proto/posthorn/delivery/v1/system_service";
import type { Logger } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import {
  countObstacles,
  type DueLane,
  listDueLanes,
  listPartitions,
  type PartitionState,
} from "../store/system.ts";
import type { Subscriptions } from "../workers/subscriptions.ts";

export interface SystemServiceDeps {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly topic: string;
  readonly subscriptions: Subscriptions;
  readonly log: Logger;
  /** This process. */
  readonly process: {
    readonly instance: string;
    readonly slotCount: number;
    sendingCount(): number;
    unwrittenCount(): number;
    ownedCount(): number;
  };
}

/** Webhooks with due deliveries that are looked at, at most: the earliest. */
const dueLanesMax = 1_000;
const classes = [OldestDue_Class.FIRST_ATTEMPT, OldestDue_Class.RETRY, OldestDue_Class.REPLAY];

/** Tells operators how delivery does, without a word of any tenant. */
export function systemService(deps: SystemServiceDeps): ServiceImpl<typeof SystemService> {
  const { db, process } = deps;
  return {
    async getSystem() {
      const [partitions, obstacles, due] = await Promise.all([
        listPartitions(db),
        countObstacles(db),
        listDueLanes(db, dueLanesMax).then((lanes) => ofActive(deps, lanes)),
      ]);
      const lags = await unread(deps, partitions);
      const total = lags && [...lags.values()].reduce((sum, lag) => sum + lag, 0n);
      return create(SystemSchema, {
        ...(total !== undefined && { unreadEventCount: total }),
        partitions: partitions.map((each) => showPartition(each, lags?.get(each.partition))),
        oldestDue: oldestOf(due),
        openBreakerCount: BigInt(obstacles.openBreakerCount),
        halfOpenBreakerCount: BigInt(obstacles.halfOpenBreakerCount),
        blockedWebhookCount: BigInt(obstacles.blockedCount),
        parkedRecordCount: BigInt(obstacles.parkedRecordCount),
        process: create(ProcessStatusSchema, {
          instance: process.instance,
          slotCount: process.slotCount,
          usedSlotCount: process.sendingCount(),
          unwrittenResultCount: process.unwrittenCount(),
          ownedPartitionCount: process.ownedCount(),
        }),
      });
    },
  };
}

/** Leaves out webhooks that are off or gone; all of them are kept while subscription is away. */
async function ofActive(
  { subscriptions, log }: SystemServiceDeps,
  lanes: readonly DueLane[],
): Promise<readonly DueLane[]> {
  if (lanes.length === 0) return lanes;
  try {
    await subscriptions.sync(new Set(lanes.map(({ workspaceUuid }) => workspaceUuid)));
  } catch (error) {
    if (!isPassing(error)) throw error;
    log.warn({ err: error }, "which webhooks are off could not be asked");
    return lanes;
  }
  return lanes.filter(({ workspaceUuid, webhookUuid }) => {
    const webhook = subscriptions.latest(workspaceUuid)?.webhooks.get(webhookUuid);
    return webhook?.state === "ACTIVE";
  });
}

/** Gives by partition how many records are not fanned out; undefined when the log is away. */
async function unread(
  { bus, topic, log }: SystemServiceDeps,
  partitions: readonly PartitionState[],
): Promise<ReadonlyMap<number, bigint> | undefined> {
  const positions = new Map(partitions.map((each) => [each.partition, each.nextOffset]));
  try {
    return await bus.lag(topic, positions);
  } catch (error) {
    if (!isPassing(error)) throw error;
    log.warn({ err: error }, "the log could not be asked how much is unread");
    return undefined;
  }
}

function showPartition({ partition, owner, leaseUntil }: PartitionState, lag: bigint | undefined) {
  return create(PartitionStatusSchema, {
    partition,
    owner: owner ?? "",
    ...(owner !== undefined && { leaseTime: timestampFromDate(leaseUntil) }),
    ...(lag !== undefined && { unreadEventCount: lag }),
  });
}

/** The lanes come earliest first. */
function oldestOf(lanes: readonly DueLane[]) {
  return classes.flatMap((each, deliveryClass) => {
    const oldest = lanes.find((lane) => lane.deliveryClass === deliveryClass);
    if (!oldest) return [];
    return create(OldestDueSchema, { class: each, dueTime: timestampFromDate(oldest.dueAt) });
  });
}
