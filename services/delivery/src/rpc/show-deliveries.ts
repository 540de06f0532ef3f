import { partitionOf } from "@posthorn/bus";
import type { Delivery as DeliveryMessage } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { idToUuid, uuidToId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Delivery } from "../domain/delivery.ts";
import {
  type OwnersView,
  type WaitFacts,
  type WaitingFor,
  waitingFor,
} from "../domain/waiting-for.ts";
import { listLastAttempts } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
import { listBehind } from "../store/ordering.ts";
import { replayPaused } from "../store/replay-deliveries.ts";
import { getPartitionFacts } from "../store/waiting.ts";
import type { KnownWebhook, KnownWorkspace } from "../workers/subscriptions.ts";
import { toDeliveryMessage } from "./messages.ts";

export interface ShowDeps {
  readonly db: Kysely<Database>;
  readonly partitionCount: number;
  /** Looks at a delivery as the sender of this process has it; undefined when it does not. */
  readonly look: (key: {
    readonly partition: number;
    readonly webhookUuid: string;
    readonly deliveryUuid: string;
  }) => OwnersView | undefined;
  readonly now: () => Date;
}

/** Shows deliveries with their latest attempts. */
export async function showDeliveries(
  { db, now }: Pick<ShowDeps, "db" | "now">,
  workspace: KnownWorkspace,
  deliveries: readonly Delivery[],
): Promise<DeliveryMessage[]> {
  const last = await lastAttempts(db, workspace, deliveries);
  return deliveries.map((delivery) =>
    toDeliveryMessage(delivery, {
      webhook: webhookOf(workspace, delivery)?.state,
      lastAttempt: last.get(delivery.id),
      waitingFor: undefined,
      now: now(),
    }),
  );
}

/** Shows deliveries with their latest attempts and what each of them waits for. */
export async function explainDeliveries(
  deps: ShowDeps,
  workspace: KnownWorkspace,
  deliveries: readonly Delivery[],
): Promise<DeliveryMessage[]> {
  const [last, waits] = await Promise.all([
    lastAttempts(deps.db, workspace, deliveries),
    presentWaits(deps, workspace, deliveries),
  ]);
  return deliveries.map((delivery) =>
    toDeliveryMessage(delivery, {
      webhook: webhookOf(workspace, delivery)?.state,
      lastAttempt: last.get(delivery.id),
      waitingFor: waits.get(delivery.id),
      now: deps.now(),
    }),
  );
}

function lastAttempts(
  db: Kysely<Database>,
  workspace: KnownWorkspace,
  deliveries: readonly Delivery[],
) {
  const ids = deliveries.map(({ id }) => id);
  return listLastAttempts(db, workspace.uuid, ids);
}

/** Tells by id what those of the deliveries that are open wait for. */
async function presentWaits(
  { db, partitionCount, look }: ShowDeps,
  workspace: KnownWorkspace,
  deliveries: readonly Delivery[],
): Promise<ReadonlyMap<string, WaitingFor>> {
  const open = deliveries.filter(({ state }) => state === "PENDING");
  if (open.length === 0) return new Map();
  const partition = partitionOf(workspace.id, partitionCount);
  const webhookUuids = [...new Set(open.map(webhookUuidOf))];
  const [{ now, isOwned, lanes }, behind] = await Promise.all([
    getPartitionFacts(db, partition, webhookUuids),
    listBehind(db, open.map(uuidOf)),
  ]);
  const waits = open.map((delivery): [string, WaitingFor] => {
    const webhookUuid = webhookUuidOf(delivery);
    const webhook = workspace.webhooks.get(webhookUuid);
    const deliveryUuid = uuidOf(delivery);
    const first = behind.get(deliveryUuid);
    const facts: WaitFacts = {
      now,
      webhook: webhook?.state,
      ratePerSecond: webhook?.ratePerSecond ?? 0,
      attemptCount: delivery.attemptCount,
      dueAt: delivery.nextAttemptAt ?? now,
      isOwned,
      behind: first && uuidToId("dlv", first),
      hold: undefined,
      isUnderWay: false,
      isReplayPaused: delivery.stateReason === replayPaused,
      lane: lanes.get(webhookUuid),
      ...look({ partition, webhookUuid, deliveryUuid }),
    };
    return [delivery.id, waitingFor(facts)];
  });
  return new Map(waits);
}

/** Gives a delivery's webhook; undefined when it is gone. */
export function webhookOf(workspace: KnownWorkspace, delivery: Delivery): KnownWebhook | undefined {
  return workspace.webhooks.get(webhookUuidOf(delivery));
}

function uuidOf({ id }: Delivery): string {
  const uuid = idToUuid("dlv", id);
  if (uuid === undefined) throw new Error(`${id} is no delivery id`);
  return uuid;
}

function webhookUuidOf({ webhookId }: Delivery): string {
  const uuid = idToUuid("wh", webhookId);
  if (uuid === undefined) throw new Error(`${webhookId} is no webhook id`);
  return uuid;
}
