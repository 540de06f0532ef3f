import type { Client } from "@connectrpc/connect";
import type { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { Webhook_DisabledReason } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { type Logger, type Part, uuidToId, type Wakeup } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import { deleteNotices, listNotices, type Notice } from "../store/outbox.ts";
import { isPassing } from "./is-passing.ts";

export interface RelayDeps {
  readonly db: Kysely<Database>;
  readonly subscription: Client<typeof SubscriptionSyncService>;
  readonly wakeup: Wakeup;
  readonly log: Logger;
}

const noticesPerTurnMax = 100;
/** How often the outbox is looked at when nobody wakes the relay. */
const pollMs = 5_000;

/**
 * Asks subscription for what results left in the outbox: to disable webhooks that are gone. What
 * it asks is idempotent and names the webhook's version, so a crash may make it ask twice.
 */
export function relay(deps: RelayDeps): Part {
  return {
    name: "relay",
    async run(stop, ready) {
      ready();
      while (!stop.aborted) {
        const count = await turn(deps);
        if (count < noticesPerTurnMax) await deps.wakeup.wait({ timeoutMs: pollMs, stop });
      }
    },
  };
}

async function turn({ db, subscription, log }: RelayDeps): Promise<number> {
  try {
    const notices = await listNotices(db, noticesPerTurnMax);
    for (const notice of notices) await disable(subscription, notice);
    const ids = notices.map(({ id }) => id);
    if (ids.length > 0) await deleteNotices(db, ids);
    return notices.length;
  } catch (error) {
    if (!isPassing(error)) throw error;
    log.warn({ err: error }, "the outbox waits for subscription");
    return 0;
  }
}

async function disable(subscription: RelayDeps["subscription"], notice: Notice): Promise<void> {
  await subscription.disableWebhook({
    workspaceId: uuidToId("ws", notice.workspaceUuid),
    webhookId: uuidToId("wh", notice.webhookUuid),
    webhookVersion: BigInt(notice.webhookVersion),
    reason: Webhook_DisabledReason.GONE,
  });
}
