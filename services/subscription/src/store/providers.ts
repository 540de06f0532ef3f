import { AppError } from "@posthorn/errors";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Provider, ProviderSettings, UnknownEventTypes } from "../domain/provider.ts";
import type { Scheme, Signature } from "../domain/signature.ts";
import type { EventTypeSelection } from "../domain/webhook-form.ts";
import type { Database } from "./database.ts";
import { keepEnvelopes } from "./envelopes.ts";

/** Above every revision that was given out; the row's lock keeps those of a provider in order. */
const nextRevision = sql<string>`nextval('subscription.provider_revision')`;

/** Gives a provider by name; undefined when there is none. */
export async function getProvider(
  db: Kysely<Database>,
  name: string,
): Promise<Provider | undefined> {
  const row = await named(db, name).executeTakeFirst();
  return row && fromRow(row);
}

function named(db: Kysely<Database>, name: string) {
  return db.selectFrom("provider").selectAll().where("name", "=", name);
}

/**
 * Gives a provider and locks its row until the transaction ends, against changes of it and its
 * catalog, its deletion, and new workspaces.
 */
export async function lockProvider(
  db: Kysely<Database>,
  name: string,
): Promise<Provider | undefined> {
  const row = await named(db, name).forUpdate().executeTakeFirst();
  return row && fromRow(row);
}

/**
 * Gives a provider and keeps its file from being applied until the transaction ends, so that what
 * is decided by its policies is written under them. It stands in the way of nothing else.
 */
export async function holdProvider(
  db: Kysely<Database>,
  name: string,
): Promise<Provider | undefined> {
  const row = await named(db, name).forKeyShare().executeTakeFirst();
  return row && fromRow(row);
}

/**
 * Lets only one transaction at a time go on with a provider of this name, until it ends. Unlike
 * lockProvider it works before there is a row.
 */
export async function lockProviderName(db: Kysely<Database>, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`subscription.provider:${name}`}, 0))`.execute(
    db,
  );
}

/** Lists providers by name, those after `after`. */
export async function listProviders(
  db: Kysely<Database>,
  { after, countMax }: { after: string; countMax: number },
): Promise<Provider[]> {
  const rows = await db
    .selectFrom("provider")
    .selectAll()
    .where("name", ">", after)
    .orderBy("name")
    .limit(countMax)
    .execute();
  return rows.map(fromRow);
}

/** Inserts a provider. A taken name is a defect: lock it first. */
export async function insertProvider(
  db: Kysely<Database>,
  settings: ProviderSettings,
  wrappedDataKey: Uint8Array,
): Promise<Provider> {
  const row = await db
    .insertInto("provider")
    .values({
      ...toRow(settings),
      ...(settings.envelopes.length > 0 && { envelope_revision: nextRevision }),
      wrapped_data_key: wrappedDataKey,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  const provider = fromRow(row);
  await keepEnvelopes(db, provider);
  return provider;
}

/** Writes a provider's settings and raises its revision, and that of its envelopes if they differ. */
export async function updateProvider(
  db: Kysely<Database>,
  settings: ProviderSettings,
): Promise<Provider> {
  const { name, ...values } = toRow(settings);
  const row = await db
    .updateTable("provider")
    .set({
      ...values,
      revision: nextRevision,
      envelope_revision: sql<string>`case when envelopes = ${values.envelopes}::jsonb
        then envelope_revision else ${nextRevision} end`,
      updated_at: sql`now()`,
    })
    .where("name", "=", name)
    .returningAll()
    .executeTakeFirstOrThrow();
  const provider = fromRow(row);
  await keepEnvelopes(db, provider);
  return provider;
}

/**
 * Raises a provider's revision, for a change of its catalog, and so locks it until the
 * transaction ends. Throws `not_found` when there is none of that name.
 */
export async function raiseRevision(db: Kysely<Database>, name: string): Promise<Provider> {
  const row = await db
    .updateTable("provider")
    .set({ revision: nextRevision, updated_at: sql`now()` })
    .where("name", "=", name)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw new AppError("not_found", `provider ${name} was not found`);
  return fromRow(row);
}

/** Tells whether a provider has any workspace. */
export async function hasWorkspaces(db: Kysely<Database>, name: string): Promise<boolean> {
  const row = await db
    .selectFrom("workspace")
    .select("id")
    .where("provider", "=", name)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Deletes a provider with its catalog and keys. Its workspaces must be gone. */
export async function deleteProvider(db: Kysely<Database>, name: string): Promise<void> {
  await db.deleteFrom("provider").where("name", "=", name).execute();
}

function toRow(settings: ProviderSettings) {
  return {
    name: settings.name,
    display_name: settings.displayName,
    user_agent: settings.userAgent,
    key_prefix: settings.keyPrefix,
    unknown_event_types: settings.unknownEventTypes,
    workspaces_must_exist: settings.workspacesMustExist,
    signatures: settings.signatures.map(({ scheme }) => scheme),
    signature_options: JSON.stringify(settings.signatures),
    retry_delays_ms: settings.retryDelaysMs === undefined ? null : [...settings.retryDelaysMs],
    webhooks_per_workspace_max: settings.webhooksPerWorkspaceMax,
    envelopes: JSON.stringify(settings.envelopes),
    secret_policy: JSON.stringify(settings.secrets),
    event_type_selection: settings.eventTypeSelection,
    webhook_fields: JSON.stringify(settings.webhookFields),
    webhooks_start_paused: settings.webhooksStartPaused,
    connection_policy:
      settings.connections === undefined ? null : JSON.stringify(settings.connections),
    compat: settings.compat,
  };
}

/** Turns a row of the table into a provider. */
export function fromRow(row: Selectable<Database["provider"]>): Provider {
  return {
    name: row.name,
    displayName: row.display_name,
    userAgent: row.user_agent,
    keyPrefix: row.key_prefix,
    // Only toRow writes these columns, and two of them have checks.
    unknownEventTypes: row.unknown_event_types as UnknownEventTypes,
    workspacesMustExist: row.workspaces_must_exist,
    signatures: toSignatures(row),
    retryDelaysMs: row.retry_delays_ms ?? undefined,
    webhooksPerWorkspaceMax: row.webhooks_per_workspace_max,
    envelopes: row.envelopes,
    secrets: row.secret_policy,
    eventTypeSelection: row.event_type_selection as EventTypeSelection,
    webhookFields: row.webhook_fields,
    webhooksStartPaused: row.webhooks_start_paused,
    connections: row.connection_policy ?? undefined,
    compat: row.compat,
    envelopeRevision: BigInt(row.envelope_revision),
    revision: BigInt(row.revision),
    wrappedDataKey: row.wrapped_data_key,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** A release that knows no options writes schemes alone: options count only beside their scheme. */
function toSignatures(row: Selectable<Database["provider"]>): Signature[] {
  return row.signatures.map((scheme, index) => {
    const options = row.signature_options[index];
    // Only toRow writes the column.
    return options?.scheme === scheme ? options : { scheme: scheme as Scheme };
  });
}
