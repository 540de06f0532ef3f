import { setImmediate as nextTurn } from "node:timers/promises";
import { type MasterKey, newDataKey } from "@posthorn/sealing";
import type { Kysely } from "kysely";
import { schemaProblems } from "../../domain/event-schema.ts";
import { checkCatalogSize, type EventType, eventTypesMax } from "../../domain/event-type.ts";
import { refuseProblems } from "../../domain/problems.ts";
import type { Provider } from "../../domain/provider.ts";
import {
  type ProviderChanges,
  type ProviderFile,
  providerChanges,
} from "../../domain/provider-changes.ts";
import type { Database } from "../../store/database.ts";
import { listEventTypes, upsertEventTypes } from "../../store/event-types.ts";
import {
  getProvider,
  insertProvider,
  lockProvider,
  lockProviderName,
  raiseRevision,
  updateProvider,
} from "../../store/providers.ts";

/** What applying a file did. */
export interface Applied {
  readonly provider: Provider;
  readonly isNew: boolean;
  /** The names of the fields that changed. */
  readonly changes: readonly string[];
}

/** What applying a file would do. */
export interface Plan {
  readonly stored: Provider | undefined;
  readonly changes: ProviderChanges;
}

/**
 * Compares a file with what is stored. Throws `precondition` when the catalog would hold too many
 * event types.
 */
export async function planFile(db: Kysely<Database>, file: ProviderFile): Promise<Plan> {
  const { name } = file.settings;
  const stored = await getProvider(db, name);
  const known = await storedEventTypes(db, name);
  const names = [...known, ...file.eventTypes].map((eventType) => eventType.name);
  checkCatalogSize(new Set(names).size);
  const changes = providerChanges(file, stored && { settings: stored, eventTypes: known });
  return { stored, changes };
}

/**
 * Creates or changes a provider as its file says, in the caller's transaction. Applying the same
 * file again changes nothing. Its schemas must have been checked.
 */
export async function applyFile(
  tx: Kysely<Database>,
  masterKey: MasterKey,
  file: ProviderFile,
): Promise<Applied> {
  const { name } = file.settings;
  await lockProviderName(tx, name);
  await lockProvider(tx, name);
  const plan = await planFile(tx, file);
  const provider = await write(tx, masterKey, file, plan);
  await upsertEventTypes(tx, name, plan.changes.eventTypes);
  return { provider, isNew: plan.stored === undefined, changes: plan.changes.names };
}

async function write(
  tx: Kysely<Database>,
  masterKey: MasterKey,
  { settings }: ProviderFile,
  { stored, changes }: Plan,
): Promise<Provider> {
  if (stored === undefined) {
    return await insertProvider(tx, settings, newDataKey(masterKey).wrapped);
  }
  if (changes.settings) return await updateProvider(tx, settings);
  if (changes.eventTypes.length > 0) return await raiseRevision(tx, stored.name);
  return stored;
}

/**
 * Checks the schemas and examples of a file that the catalog does not have as they are. Throws
 * `invalid` naming each. A schema takes some 20 ms, so other work gets its turn between them.
 */
export async function checkSchemas(db: Kysely<Database>, file: ProviderFile): Promise<void> {
  const known = await storedEventTypes(db, file.settings.name);
  const same = providerChanges(file, { settings: file.settings, eventTypes: known });
  const changed = new Set(same.eventTypes);
  const problems = [];
  for (const [index, eventType] of file.eventTypes.entries()) {
    if (!changed.has(eventType)) continue;
    problems.push(...schemaProblems(eventType, `eventTypes[${index}]`));
    await nextTurn();
  }
  refuseProblems(problems);
}

function storedEventTypes(db: Kysely<Database>, provider: string): Promise<EventType[]> {
  return listEventTypes(db, { provider, after: "", countMax: eventTypesMax });
}
