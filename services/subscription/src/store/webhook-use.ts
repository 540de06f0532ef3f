import { type Kysely, sql } from "kysely";
import type { WebhookUse } from "../domain/breaking.ts";
import type { Database } from "./database.ts";

/**
 * Counts how a provider's webhooks use what its file says, against a number of webhooks that a
 * workspace may have. It walks all of them: for a change of the file, not for a request of theirs.
 */
export async function readWebhookUse(
  db: Kysely<Database>,
  { provider, webhooksMax }: { provider: string; webhooksMax: number },
): Promise<WebhookUse> {
  const { rows } = await sql<{
    version: string;
    count: number;
    unsigned: number;
    not_one_type: number;
  }>`
    select w.payload_version as version, count(*)::integer as count,
      (count(*) filter (where not exists (
        select from subscription.webhook_secret s
        where s.workspace_id = w.workspace_id and s.webhook_id = w.id
          and (s.expire_at is null or s.expire_at > now())
      )))::integer as unsigned,
      (count(*) filter (
        where cardinality(w.event_types) <> 1 or w.event_types[1] like '%.*'
      ))::integer as not_one_type
    from subscription.workspace ws
    join subscription.webhook w on w.workspace_id = ws.id
    where ws.provider = ${provider}
    group by w.payload_version`.execute(db);
  return {
    countByVersion: new Map(rows.map(({ version, count }) => [version, count])),
    unsignedCount: rows.reduce((sum, { unsigned }) => sum + unsigned, 0),
    notOneTypeCount: rows.reduce((sum, row) => sum + row.not_one_type, 0),
    overfullCount: await countOverfull(db, provider, webhooksMax),
  };
}

async function countOverfull(
  db: Kysely<Database>,
  provider: string,
  webhooksMax: number,
): Promise<number> {
  const overfull = db
    .selectFrom("workspace")
    .innerJoin("webhook", "webhook.workspace_id", "workspace.id")
    .select("workspace.id")
    .where("workspace.provider", "=", provider)
    .groupBy("workspace.id")
    .having(({ fn }) => fn.countAll(), ">", webhooksMax);
  const row = await db
    .selectFrom(overfull.as("overfull"))
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
