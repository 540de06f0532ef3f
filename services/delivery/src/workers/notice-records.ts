import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type LogRecord, partitionOf } from "@posthorn/bus";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import {
  OutcomeRecord_Kind,
  OutcomeRecordSchema,
} from "@posthorn/proto/posthorn/topics/v1/outcome_record";
import { uuidToId } from "@posthorn/runtime";
import { derivedUuid } from "../domain/derived-uuid.ts";
import type { Notice } from "../domain/notice.ts";
import type { Operation } from "../domain/operation.ts";

const kinds: Readonly<Record<Notice["kind"], OutcomeRecord_Kind>> = {
  DISABLE: OutcomeRecord_Kind.WEBHOOK_DISABLED,
  FAILING: OutcomeRecord_Kind.WEBHOOK_FAILING,
  RECOVERED: OutcomeRecord_Kind.WEBHOOK_RECOVERED,
  EXHAUSTED: OutcomeRecord_Kind.EXHAUSTED,
  SUCCEEDED: OutcomeRecord_Kind.SUCCEEDED,
};

/** Gives the record of `posthorn.outcomes.v1` that tells of a notice; the same bytes every time. */
export function outcomeRecord(notice: Notice, partitionCount: number): LogRecord {
  const workspaceId = uuidToId("ws", notice.workspaceUuid);
  const record = create(OutcomeRecordSchema, {
    outcomeId: uuidToId("out", uuidOf(notice)),
    kind: kinds[notice.kind],
    provider: notice.provider,
    workspaceId,
    webhookId: uuidToId("wh", notice.webhookUuid),
    reason: notice.reason,
    consecutiveFailures: notice.failureCount,
    ...(notice.failingSince && { failingSince: timestampFromDate(notice.failingSince) }),
    ...deliveryOf(notice),
    time: timestampFromDate(notice.createdAt),
  });
  const value = toBinary(OutcomeRecordSchema, record);
  return logRecord({ workspaceId, value, partitionCount });
}

function deliveryOf({ delivery }: Notice) {
  if (!delivery) return undefined;
  return {
    deliveryId: uuidToId("dlv", delivery.uuid),
    eventId: uuidToId("evt", delivery.eventUuid),
    eventType: delivery.eventType,
    attemptCount: delivery.attemptCount,
    lastStatusCode: delivery.statusCode,
  };
}

/**
 * Gives the record of `posthorn.events.v1` of an operational event. Its id comes from the notice,
 * so that fan-out takes what was published twice once.
 */
export function operationRecord({
  notice,
  operation,
  workspaceId,
  partitionCount,
}: {
  notice: Notice;
  operation: Operation;
  workspaceId: string;
  partitionCount: number;
}): LogRecord {
  const time = timestampFromDate(notice.createdAt);
  const record = create(EventRecordSchema, {
    eventId: uuidToId("evt", uuidOf(notice)),
    workspaceId,
    provider: notice.provider,
    type: operation.type,
    data: Buffer.from(operation.data),
    occurTime: time,
    acceptTime: time,
  });
  const value = toBinary(EventRecordSchema, record);
  return logRecord({ workspaceId, value, partitionCount });
}

function uuidOf({ id, kind, webhookUuid, createdAt }: Notice): string {
  return derivedUuid(`notice ${id} ${kind} ${webhookUuid}`, createdAt);
}

function logRecord({
  workspaceId,
  value,
  partitionCount,
}: {
  workspaceId: string;
  value: Uint8Array;
  partitionCount: number;
}): LogRecord {
  const partition = partitionOf(workspaceId, partitionCount);
  return { partition, key: Buffer.from(workspaceId), value, headers: {} };
}
