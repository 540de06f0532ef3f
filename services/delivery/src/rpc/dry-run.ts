import { create, toJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type DryRun,
  type DryRunDelivery,
  DryRunDeliverySchema,
  type DryRunMiss,
  DryRunMissSchema,
  DryRunSchema,
  WebhookExplanation_Verdict as Verdict,
} from "@posthorn/proto/posthorn/delivery/v1/event_service";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { newUuid, uuidToId } from "@posthorn/runtime";
import type { EventOrigin } from "../domain/event-origin.ts";
import { skippedInWords, unsubscribedInWords } from "../domain/explanation.ts";
import { isInFirstSync, type SyncedEvent } from "../domain/first-sync.ts";
import {
  type MatchableEvent,
  matchableEvent,
  matchWebhook,
  type Withheld,
  withheldOf,
} from "../domain/match.ts";
import { untracedParent } from "../workers/attempt-span.ts";
import { inEnvelopes } from "../workers/in-envelopes.ts";
import { requestOf, unsignedHeaders } from "../workers/request.ts";
import type { KnownProvider, KnownWebhook, KnownWorkspace } from "../workers/subscriptions.ts";

/** Bodies that an answer holds, at most; all of them could be more than a message may be. */
const bodyBytesMax = 4 * 1024 * 1024;

/** What an event would come to. */
export interface DryRunInput {
  /** As it would be published, and fit to be. */
  readonly event: Event;
  readonly origin: EventOrigin & Pick<SyncedEvent, "firstSyncEndedAt">;
  readonly workspace: KnownWorkspace;
  readonly provider: KnownProvider;
  readonly now: Date;
}

/** Tells who would get an event and why the others would not, and shows the requests. Sends nothing. */
export function dryRun({ event, origin, workspace, provider, now }: DryRunInput): DryRun {
  const uuid = newUuid(now.getTime());
  const { type, data } = event;
  const time = toJson(TimestampSchema, event.time ?? timestampFromDate(now));
  const inEnvelope = inEnvelopes({ uuid, type, data, time, traceparent: "", ...origin });
  const matchable = matchableEvent({
    id: uuidToId("evt", uuid),
    type,
    data,
    time,
    connection: origin.connectionId ?? "",
    isInFirstSync: isInFirstSync(
      { type, time, ...origin },
      workspace.connections,
      provider.firstSyncEventTypes,
    ),
  });
  const withheld = withheldOf(matchable, provider);
  const deliverAt = event.deliverTime && timestampDate(event.deliverTime);
  const deliveries: DryRunDelivery[] = [];
  const misses: DryRunMiss[] = [];
  let bodyBytes = 0;
  for (const webhook of workspace.webhooks.values()) {
    const verdict = judge(matchable, webhook, withheld);
    if (typeof verdict !== "string") {
      misses.push(verdict);
      continue;
    }
    const request = showRequest(
      { event: inEnvelope(webhook.envelope), webhook, provider, now },
      bodyBytes,
    );
    bodyBytes += request.body.length;
    const description = whenSent(webhook, deliverAt, now);
    deliveries.push(
      create(DryRunDeliverySchema, {
        webhook: webhook.id,
        matchedBy: verdict,
        description,
        request,
      }),
    );
  }
  return create(DryRunSchema, { deliveries, misses });
}

/** Gives the pattern that matched, or why there would be no delivery. */
function judge(
  event: MatchableEvent,
  webhook: KnownWebhook,
  withheld: Withheld | undefined,
): string | DryRunMiss {
  const verdict = matchWebhook(event, webhook, withheld);
  switch (verdict.kind) {
    case "delivered":
      return verdict.matchedBy;
    case "skipped":
      return create(DryRunMissSchema, {
        webhook: webhook.id,
        verdict: Verdict[verdict.skipped.reason],
        description: skippedInWords(verdict.skipped, "now"),
      });
    case "unsubscribed":
      return create(DryRunMissSchema, {
        webhook: webhook.id,
        verdict: Verdict.NOT_SUBSCRIBED,
        description: unsubscribedInWords(webhook.eventTypes, event.type),
      });
  }
}

function showRequest(source: Parameters<typeof requestOf>[0], bodyBytesBefore: number) {
  const attemptUuid = newUuid(source.now.getTime());
  const request = requestOf(source, untracedParent(source.event, attemptUuid));
  const isShown = bodyBytesBefore + request.body.length <= bodyBytesMax;
  return {
    method: "POST",
    url: request.url,
    headers: { ...unsignedHeaders(request) },
    body: isShown ? request.body.toString() : "",
    bodyOmitted: !isShown,
  };
}

function whenSent(webhook: KnownWebhook, deliverAt: Date | undefined, now: Date): string {
  if (webhook.state !== "ACTIVE") return "it would be held until the webhook is no longer paused";
  if (deliverAt === undefined || deliverAt <= now) return "it would be sent at once";
  return `it would be sent at ${deliverAt.toISOString()}`;
}
