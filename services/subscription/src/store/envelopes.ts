import { type Kysely, sql } from "kysely";
import type { Envelope } from "../domain/envelope.ts";
import type { Provider } from "../domain/provider.ts";
import type { Database } from "./database.ts";

/** Keeps a provider's present envelopes under their revision, for as long as there is a provider. */
export async function keepEnvelopes(
  db: Kysely<Database>,
  { name, envelopeRevision, envelopes }: Provider,
): Promise<void> {
  if (envelopeRevision === 0n) return;
  await db
    .insertInto("provider_envelopes")
    .values({
      provider: name,
      revision: envelopeRevision,
      envelopes: JSON.stringify(envelopes),
    })
    .onConflict((conflict) => conflict.columns(["provider", "revision"]).doNothing())
    .execute();
}

/** Gives the envelopes that a provider had at a revision of them; undefined when it never had it. */
export async function getEnvelopes(
  db: Kysely<Database>,
  { provider, revision }: { provider: string; revision: bigint },
): Promise<readonly Envelope[] | undefined> {
  if (revision === 0n) return [];
  const row = await db
    .selectFrom("provider_envelopes")
    .select("envelopes")
    .where("provider", "=", provider)
    .where("revision", "=", sql<string>`${revision}`)
    .executeTakeFirst();
  return row?.envelopes;
}
