import { idToUuid, uuidToId } from "@posthorn/runtime";
import { type Kysely, type Selectable, sql } from "kysely";
import type {
  DisabledReason,
  Webhook,
  WebhookSettings,
  WebhookState,
  WhenPaused,
} from "../domain/webhook.ts";
import type { Database } from "./database.ts";
import { requireUuid } from "./ids.ts";

/** Names a webhook within its workspace. */
export interface WebhookKey {
  /** `ws_` + 26 characters. */
  readonly workspaceId: string;
  /** `wh_` + 26 characters; what is malformed names none. */
  readonly webhookId: string;
}

/** Gives a webhook of a workspace; undefined when it has none by that id. */
export async function getWebhook(
  db: Kysely<Database>,
  { workspaceId, webhookId }: WebhookKey,
): Promise<Webhook | undefined> {
  const uuid = idToUuid("wh", webhookId);
  if (uuid === undefined) return undefined;
  const row = await db
    .selectFrom("webhook")
    .selectAll()
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("id", "=", uuid)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Lists a workspace's webhooks, newest first; those before the id `before` if given. */
export async function listWebhooks(
  db: Kysely<Database>,
  {
    workspaceId,
    before,
    countMax,
  }: { workspaceId: string; before: string | undefined; countMax: number },
): Promise<Webhook[]> {
  let query = db
    .selectFrom("webhook")
    .selectAll()
    .where("workspace_id", "=", requireUuid("ws", workspaceId));
  if (before !== undefined) query = query.where("id", "<", requireUuid("wh", before));
  const rows = await query.orderBy("id", "desc").limit(countMax).execute();
  return rows.map(fromRow);
}

/** Tells how many webhooks a workspace has. */
export async function countWebhooks(db: Kysely<Database>, workspaceId: string): Promise<number> {
  const row = await db
    .selectFrom("webhook")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Inserts a webhook, at the version that the workspace was raised to for it. */
export async function insertWebhook(
  db: Kysely<Database>,
  { workspaceId, webhookId, version }: WebhookKey & { version: bigint },
  settings: WebhookSettings,
): Promise<Webhook> {
  const row = await db
    .insertInto("webhook")
    .values({
      workspace_id: requireUuid("ws", workspaceId),
      id: requireUuid("wh", webhookId),
      version,
      target_version: version,
      ...toRow(settings),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return fromRow(row);
}

/**
 * Not now(), since the transaction may have waited for its lock while deliveries were made; and
 * up to the next millisecond, since a Date has no finer time to give.
 */
const endOfThisMs = sql<Date>`date_trunc('milliseconds', clock_timestamp()) + interval '1 ms'`;

/** How a webhook's settings are written. */
export interface UpdateOptions extends WebhookKey {
  /** What the workspace was raised to for it. */
  readonly version: bigint;
  /** Whether the deliveries that are open now are to be canceled. */
  readonly cancelHeld?: boolean;
}

/** Writes a webhook's settings. */
export async function updateWebhook(
  db: Kysely<Database>,
  { workspaceId, webhookId, version, cancelHeld = false }: UpdateOptions,
  settings: WebhookSettings,
): Promise<Webhook> {
  const row = await db
    .updateTable("webhook")
    .set({
      ...toRow(settings),
      version,
      target_version: sql<string>`case
        when url = ${settings.url} and state = ${settings.state} then target_version
        else ${version}::bigint end`,
      ...(cancelHeld && { cancel_before: endOfThisMs }),
      updated_at: sql`now()`,
    })
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("id", "=", requireUuid("wh", webhookId))
    .returningAll()
    .executeTakeFirstOrThrow();
  return fromRow(row);
}

/** Writes a webhook's new version alone, for a change of its secrets. */
export async function updateVersion(
  db: Kysely<Database>,
  { workspaceId, webhookId, version }: WebhookKey & { version: bigint },
): Promise<Webhook> {
  const row = await db
    .updateTable("webhook")
    .set({ version, updated_at: sql`now()` })
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("id", "=", requireUuid("wh", webhookId))
    .returningAll()
    .executeTakeFirstOrThrow();
  return fromRow(row);
}

/** Deletes a webhook with its secrets; false when the workspace has none by that id. */
export async function deleteWebhook(
  db: Kysely<Database>,
  { workspaceId, webhookId }: WebhookKey,
): Promise<boolean> {
  const uuid = idToUuid("wh", webhookId);
  if (uuid === undefined) return false;
  const result = await db
    .deleteFrom("webhook")
    .where("workspace_id", "=", requireUuid("ws", workspaceId))
    .where("id", "=", uuid)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function toRow(settings: WebhookSettings) {
  return {
    name: settings.name,
    description: settings.description,
    url: settings.url,
    event_types: [...settings.eventTypes],
    state: settings.state,
    disabled_reason: settings.disabledReason ?? null,
    header_names: [...settings.headerNames],
    sealed_headers: settings.sealedHeaders,
    in_flight_max: settings.inFlightMax,
    timeout_ms: settings.timeoutMs ?? null,
    retry_delays_ms: settings.retryDelaysMs === undefined ? null : [...settings.retryDelaysMs],
    metadata: JSON.stringify(settings.metadata),
    filter: settings.filter,
    when_paused: settings.whenPaused,
    rate_limit_per_second: settings.ratePerSecond ?? null,
    ordered: settings.isOrdered,
    payload_version: settings.payloadVersion,
  };
}

/** Turns a row of the table into a webhook. */
export function fromRow(row: Selectable<Database["webhook"]>): Webhook {
  return {
    id: uuidToId("wh", row.id),
    version: BigInt(row.version),
    targetVersion: BigInt(row.target_version),
    name: row.name,
    description: row.description,
    url: row.url,
    eventTypes: row.event_types,
    // The table checks this column and the next, and what a pause does.
    state: row.state as WebhookState,
    disabledReason: (row.disabled_reason as DisabledReason | null) ?? undefined,
    headerNames: row.header_names,
    sealedHeaders: row.sealed_headers,
    inFlightMax: row.in_flight_max,
    timeoutMs: row.timeout_ms ?? undefined,
    retryDelaysMs: row.retry_delays_ms ?? undefined,
    metadata: row.metadata,
    filter: row.filter,
    whenPaused: row.when_paused as WhenPaused,
    ratePerSecond: row.rate_limit_per_second ?? undefined,
    isOrdered: row.ordered,
    payloadVersion: row.payload_version,
    cancelBefore: row.cancel_before ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
