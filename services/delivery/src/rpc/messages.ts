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
  Wait_Reason,
  WaitingForSchema,
} from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { type Sequel, verdictInWords } from "../domain/attempt-verdict.ts";
import { type Attempt, type Delivery, shownState, type WebhookState } from "../domain/delivery.ts";
import { defaultEnvelope } from "../domain/envelope.ts";
import type { WaitingFor } from "../domain/waiting-for.ts";
import type { WaitReason, Waits } from "../domain/waits.ts";

/** What a delivery is shown with beside its own row. */
export interface DeliveryContext {
  readonly webhook: WebhookState;
  readonly lastAttempt: Attempt | undefined;
  /** Undefined where it is not asked for, and when the delivery has ended. */
  readonly waitingFor: WaitingFor | undefined;
  readonly now: Date;
}

/** Shows a delivery with the state that its webhook gives it, and its latest attempt in short. */
export function toDeliveryMessage(delivery: Delivery, context: DeliveryContext): DeliveryMessage {
  const { webhook, lastAttempt, waitingFor, now } = context;
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
    matchedBy: delivery.matchedBy,
    connection: delivery.connectionId ?? "",
    version: delivery.pin?.version ?? defaultEnvelope.version,
    ...(isOpen &&
      delivery.nextAttemptAt && { nextAttemptTime: timestampFromDate(delivery.nextAttemptAt) }),
    ...(lastAttempt && {
      lastAttempt: toShortAttempt(lastAttempt, sequelOf(delivery, webhook), now),
    }),
    ...(isOpen && waitingFor && { waitingFor: toWaitingForMessage(waitingFor) }),
  });
}

function toWaitingForMessage({ reason, until, behind, description }: WaitingFor) {
  return create(WaitingForSchema, {
    reason: Wait_Reason[reason],
    delivery: behind ?? "",
    description,
    ...(until && { until: timestampFromDate(until) }),
  });
}

/** Tells what follows a delivery's latest attempt. */
export function sequelOf(delivery: Delivery, webhook: WebhookState): Sequel {
  switch (delivery.state) {
    case "PENDING":
      if (!delivery.nextAttemptAt) return { kind: "none" };
      return { kind: "retry", at: delivery.nextAttemptAt, webhook };
    case "EXHAUSTED":
      return { kind: "exhausted" };
    case "CANCELED":
      return { kind: "canceled" };
    case "SUCCEEDED":
      return { kind: "none" };
  }
}

/** Shows an attempt whole. The answer's body is shown as text whatever its bytes are. */
export function toAttemptMessage(attempt: Attempt, sequel: Sequel, now: Date): AttemptMessage {
  return create(AttemptSchema, {
    ...toShortAttempt(attempt, sequel, now),
    requestHeaders: attempt.requestHeaders,
    responseHeaders: attempt.responseHeaders,
    responseBody: Buffer.from(attempt.responseBody).toString("utf8"),
    responseTruncated: attempt.responseTruncated,
  });
}

function toShortAttempt(attempt: Attempt, sequel: Sequel, now: Date): AttemptMessage {
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
    waits: toWaits(attempt.waits),
    verdict: verdictInWords(attempt, sequel, now),
  });
}

function toWaits(waits: Waits) {
  const reasons = Object.keys(waits) as WaitReason[]; // the keys of its type
  return reasons.map((reason) => ({
    reason: Wait_Reason[reason],
    duration: toDuration(waits[reason] ?? 0),
  }));
}

/** Gives a duration; microseconds are kept, and what is finer was never measured. */
export function toDuration(ms: number) {
  const us = Math.round(ms * 1000);
  return { seconds: BigInt(Math.floor(us / 1e6)), nanos: (us % 1e6) * 1000 };
}
