import { type Kysely, sql } from "kysely";
import type { EnvelopePin } from "../domain/envelope.ts";
import type { EventOrigin } from "../domain/event-origin.ts";
import type { Database } from "./database.ts";
import { connectionUuid } from "./origins.ts";
import type { NewAttempt } from "./result.ts";
import { attemptChannel } from "./result-ctes.ts";

/** A test event with its only delivery and attempt. Ids are UUIDs. */
export interface TestRun {
  readonly day: string;
  readonly partition: number;
  readonly provider: string;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly eventUuid: string;
  readonly eventType: string;
  readonly data: Uint8Array;
  readonly time: string;
  readonly deliveryUuid: string;
  /** Undefined for the default envelope. */
  readonly pin: EnvelopePin | undefined;
  readonly origin: EventOrigin;
  readonly attempt: NewAttempt;
}

/** Records a test: its event (left out of lists), its delivery and its attempt. */
export async function insertTestRun(db: Kysely<Database>, run: TestRun): Promise<void> {
  const succeeded = run.attempt.outcome === "SUCCEEDED";
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("event")
      .values({
        day: run.day,
        id: run.eventUuid,
        workspace_id: run.workspaceUuid,
        partition: run.partition,
        provider: run.provider,
        type: run.eventType,
        data: Buffer.from(run.data),
        event_time: run.time,
        accepted_at: run.attempt.startedAt,
        ordering_key: "",
        traceparent: "",
        skipped: "[]",
        is_test: true,
        ...toRow(run.origin),
      })
      .execute();
    await tx
      .insertInto("delivery")
      .values({
        day: run.day,
        id: run.deliveryUuid,
        workspace_id: run.workspaceUuid,
        partition: run.partition,
        webhook_id: run.webhookUuid,
        event_id: run.eventUuid,
        event_type: run.eventType,
        trigger: "TEST",
        trigger_id: run.deliveryUuid,
        state: succeeded ? "SUCCEEDED" : "EXHAUSTED",
        attempt_count: 1,
        failure_count: succeeded ? 0 : 1,
        last_status_code: run.attempt.statusCode,
        next_attempt_at: null,
        created_at: run.attempt.startedAt,
        envelope_revision: run.pin?.revision ?? "0",
        payload_version: run.pin?.version ?? "",
        ...(run.origin.connectionId !== undefined && {
          connection_id: connectionUuid(run.origin),
        }),
      })
      .execute();
    await tx.insertInto("attempt").values(attemptRow(run)).execute();
    await sql`select pg_notify(${attemptChannel},
      ${`${run.workspaceUuid} ${run.day} ${run.deliveryUuid} 1`})`.execute(tx);
  });
}

function toRow({ connectionId, integrationName = "", previousAttributes }: EventOrigin) {
  return {
    ...(connectionId !== undefined && {
      connection_id: connectionUuid({ connectionId }),
      integration_name: integrationName,
    }),
    ...(previousAttributes && { previous_attributes: Buffer.from(previousAttributes) }),
  };
}

function attemptRow({ attempt, ...run }: TestRun): Database["attempt"] {
  return {
    day: run.day,
    id: attempt.uuid,
    workspace_id: run.workspaceUuid,
    delivery_id: run.deliveryUuid,
    event_id: run.eventUuid,
    event_type: run.eventType,
    webhook_id: run.webhookUuid,
    number: attempt.number,
    started_at: attempt.startedAt,
    duration_us: Math.round(attempt.durationMs * 1000),
    outcome: attempt.outcome,
    status_code: attempt.statusCode,
    url: attempt.url,
    request_headers: JSON.stringify(attempt.requestHeaders),
    response_headers: JSON.stringify(attempt.responseHeaders),
    response_body: Buffer.from(attempt.responseBody),
    response_truncated: attempt.responseTruncated,
    remote_address: attempt.remoteAddress,
    timings: JSON.stringify(attempt.timings),
    error: attempt.error,
  };
}
