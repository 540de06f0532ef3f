import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AppError } from "@posthorn/errors";
import type { Delivery as DeliveryMessage } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import {
  type EventExplanation,
  EventExplanationSchema,
  WebhookExplanation_Verdict as Verdict,
  type WebhookExplanation,
  WebhookExplanationSchema,
} from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { idTimeMs, idToUuid } from "@posthorn/runtime";
import type { Delivery } from "../domain/delivery.ts";
import { explain } from "../domain/explanation.ts";
import { matchableEvent, matchWebhook, withheldOf } from "../domain/match.ts";
import { listDeliveries } from "../store/deliveries.ts";
import type { StoredEvent } from "../store/events.ts";
import type { KnownWorkspace } from "../workers/subscriptions.ts";
import { explainDeliveries, type ShowDeps } from "./show-deliveries.ts";

/** Deliveries that an explanation looks at, at most. */
const deliveriesMax = 250;
/** Webhooks that it tells of, at most. */
const webhooksMax = 250;

/** Which event to explain, to which webhook; empty = to all. */
export interface Asked {
  readonly workspace: KnownWorkspace;
  readonly event: StoredEvent;
  readonly webhookId: string;
}

/**
 * Tells of webhooks whether they got an event, and why or why not. Throws `not_found` for a webhook
 * that neither belongs to the workspace nor had to do with the event.
 */
export async function explainEvent(deps: ShowDeps, asked: Asked): Promise<EventExplanation> {
  const { workspace, event, webhookId } = asked;
  const webhookUuid = webhookId === "" ? undefined : (idToUuid("wh", webhookId) ?? "");
  const filter = {
    eventUuid: idToUuid("evt", event.id),
    ...(webhookUuid && { webhookUuids: [webhookUuid] }),
  };
  const page = { cursor: undefined, sizeMax: deliveriesMax };
  const { items } = await listDeliveries(deps.db, workspace.uuid, filter, page);
  const ids = webhookId === "" ? concerned(asked, items) : [webhookId];
  const isKnown = concerned(asked, items).includes(webhookId);
  if (webhookId !== "" && !isKnown) {
    throw new AppError("not_found", `webhook ${webhookId} not found`);
  }
  const shown = await explainDeliveries(deps, workspace, items);
  const webhooks = ids.slice(0, webhooksMax).map((id) => explainOne(asked, id, items, shown));
  return create(EventExplanationSchema, {
    event: event.id,
    eventType: event.type,
    acceptTime: timestampFromDate(event.acceptedAt),
    webhooks,
  });
}

/** Gives the ids of the workspace's webhooks, and of others that had to do with the event. */
function concerned({ workspace, event }: Asked, deliveries: readonly Delivery[]): string[] {
  const isTest = deliveries.some(({ trigger }) => trigger === "TEST");
  const present = isTest ? [] : [...workspace.webhooks.values()].map(({ id }) => id);
  const delivered = deliveries.map(({ webhookId }) => webhookId);
  const skipped = event.skipped.map(({ webhook }) => webhook);
  return [...new Set([...present, ...delivered, ...skipped])];
}

function explainOne(
  { workspace, event }: Asked,
  id: string,
  deliveries: readonly Delivery[],
  shown: readonly DeliveryMessage[],
): WebhookExplanation {
  const webhook = workspace.webhooks.get(idToUuid("wh", id) ?? "");
  const ofWebhook = deliveries.filter(({ webhookId }) => webhookId === id);
  const own = ofWebhook.find(({ trigger }) => trigger === "EVENT");
  const matchable = matchableEvent({ ...event, connection: event.connectionId ?? "" });
  const withheld = workspace.provider && withheldOf(matchable, workspace.provider);
  const { verdict, description } = explain({
    eventType: event.type,
    acceptedAt: event.acceptedAt,
    createdAt: new Date(idTimeMs(id)),
    webhook,
    matchedBy: own?.matchedBy,
    isTest: ofWebhook.some(({ trigger }) => trigger === "TEST"),
    skipped: event.skipped.find((skipped) => skipped.webhook === id),
    isSkippedWhole: event.skippedCount === event.skipped.length,
    now: webhook && matchWebhook(matchable, webhook, withheld),
  });
  return create(WebhookExplanationSchema, {
    webhook: id,
    verdict: Verdict[verdict],
    description,
    matchedBy: own?.matchedBy ?? "",
    filter: webhook?.filter ?? "",
    deleted: webhook === undefined,
    deliveries: shown.filter((delivery) => delivery.webhook === id),
  });
}
