import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  Attempt_Outcome,
  type Attempt as AttemptMessage,
  AttemptSchema,
  Delivery_State,
  Delivery_Trigger,
  type Delivery as DeliveryMessage,
  DeliverySchema,
} from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { type Attempt, type Delivery, shownState, type WebhookState } from "../domain/delivery.ts";

/** Shows a delivery with the state that its webhook gives it, and its latest attempt in short. */
export function toDeliveryMessage(
  delivery: Delivery,
  webhook: WebhookState,
  lastAttempt: Attempt | undefined,
): DeliveryMessage {
  const { state, reason } = shownState(delivery, webhook);
  const isOpen = state === "PENDING" || state === "HELD";
  return create(DeliverySchema, {
    id: delivery.id,
    event: delivery.eventId,
    eventType: delivery.eventType,
    webhook: delivery.webhookId,
    state: Delivery_State[state],
    stateReason: reason,
    trigger: Delivery_Trigger[delivery.trigger],
    attemptCount: delivery.attemptCount,
    failureCount: delivery.failureCount,
    createTime: timestampFromDate(delivery.createdAt),
    ...(isOpen &&
      delivery.nextAttemptAt && { nextAttemptTime: timestampFromDate(delivery.nextAttemptAt) }),
    ...(lastAttempt && { lastAttempt: toShortAttempt(lastAttempt) }),
  });
}

/** Shows an attempt whole. The answer's body is shown as text whatever its bytes are. */
export function toAttemptMessage(attempt: Attempt): AttemptMessage {
  return create(AttemptSchema, {
    ...toShortAttempt(attempt),
    requestHeaders: attempt.requestHeaders,
    responseHeaders: attempt.responseHeaders,
    responseBody: Buffer.from(attempt.responseBody).toString("utf8"),
    responseTruncated: attempt.responseTruncated,
  });
}

function toShortAttempt(attempt: Attempt): AttemptMessage {
  const { dnsMs, connectMs, tlsMs, firstByteMs } = attempt.timings;
  return create(AttemptSchema, {
    id: attempt.id,
    delivery: attempt.deliveryId,
    event: attempt.eventId,
    eventType: attempt.eventType,
    webhook: attempt.webhookId,
    number: attempt.number,
    startTime: timestampFromDate(attempt.startedAt),
    duration: toDuration(attempt.durationMs),
    outcome: Attempt_Outcome[attempt.outcome],
    statusCode: attempt.statusCode,
    url: attempt.url,
    remoteAddress: attempt.remoteAddress,
    timings: {
      ...(dnsMs !== undefined && { dns: toDuration(dnsMs) }),
      ...(connectMs !== undefined && { connect: toDuration(connectMs) }),
      ...(tlsMs !== undefined && { tls: toDuration(tlsMs) }),
      ...(firstByteMs !== undefined && { firstByte: toDuration(firstByteMs) }),
    },
    error: attempt.error,
  });
}

/** Gives a duration; microseconds are kept, and what is finer was never measured. */
export function toDuration(ms: number) {
  const us = Math.round(ms * 1000);
  return { seconds: BigInt(Math.floor(us / 1e6)), nanos: (us % 1e6) * 1000 };
}
