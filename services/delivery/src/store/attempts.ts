import { dayOf, idToUuid, uuidToId } from "@posthorn/runtime";
import type { Kysely, Selectable } from "kysely";
import type { Attempt, Outcome, Timings } from "../domain/delivery.ts";
import type { Waits } from "../domain/waits.ts";
import type { Database } from "./database.ts";

/** Lists a delivery's attempts after number `after`, first to last. */
export async function listAttempts(
  db: Kysely<Database>,
  workspaceUuid: string,
  deliveryId: string,
  page: { after: number; countMax: number },
): Promise<readonly Attempt[]> {
  const uuid = idToUuid("dlv", deliveryId);
  if (uuid === undefined) return [];
  const rows = await db
    .selectFrom("attempt")
    .selectAll()
    .where("workspace_id", "=", workspaceUuid)
    .where("day", "=", dayOf(uuid))
    .where("delivery_id", "=", uuid)
    .where("number", ">", page.after)
    .orderBy("number")
    .limit(page.countMax)
    .execute();
  return rows.map(fromRow);
}

/** Gives the latest attempt of each delivery that has one, by delivery id. */
export async function listLastAttempts(
  db: Kysely<Database>,
  workspaceUuid: string,
  deliveryIds: readonly string[],
): Promise<ReadonlyMap<string, Attempt>> {
  const uuids = deliveryIds.flatMap((id) => idToUuid("dlv", id) ?? []);
  if (uuids.length === 0) return new Map();
  const rows = await db
    .selectFrom("attempt")
    .selectAll()
    .where("workspace_id", "=", workspaceUuid)
    .where("day", "in", [...new Set(uuids.map(dayOf))])
    .where("delivery_id", "in", uuids)
    .distinctOn("delivery_id")
    .orderBy("delivery_id")
    .orderBy("number", "desc")
    .execute();
  return new Map(rows.map((row) => [uuidToId("dlv", row.delivery_id), fromRow(row)]));
}

/** Gets one attempt by its delivery's UUID and its number. */
export async function getAttempt(
  db: Kysely<Database>,
  workspaceUuid: string,
  key: { day: string; deliveryUuid: string; number: number },
): Promise<Attempt | undefined> {
  const row = await db
    .selectFrom("attempt")
    .selectAll()
    .where("workspace_id", "=", workspaceUuid)
    .where("day", "=", key.day)
    .where("delivery_id", "=", key.deliveryUuid)
    .where("number", "=", key.number)
    .executeTakeFirst();
  return row && fromRow(row);
}

function fromRow(row: Selectable<Database["attempt"]>): Attempt {
  const { waits = {}, ...timings } = JSON.parse(row.timings) as Timed; // written by us
  return {
    id: uuidToId("att", row.id),
    deliveryId: uuidToId("dlv", row.delivery_id),
    eventId: uuidToId("evt", row.event_id),
    eventType: row.event_type,
    webhookId: uuidToId("wh", row.webhook_id),
    number: row.number,
    startedAt: row.started_at,
    durationMs: row.duration_us / 1000,
    outcome: row.outcome as Outcome, // written from the union
    statusCode: row.status_code,
    url: row.url,
    requestHeaders: JSON.parse(row.request_headers) as Record<string, string>, // written by us
    responseHeaders: JSON.parse(row.response_headers) as Record<string, string>, // written by us
    responseBody: row.response_body,
    responseTruncated: row.response_truncated,
    remoteAddress: row.remote_address,
    timings,
    waits,
    error: row.error,
  };
}

/** The waits stand beside the timings, where there were any. */
type Timed = Timings & { readonly waits?: Waits };
