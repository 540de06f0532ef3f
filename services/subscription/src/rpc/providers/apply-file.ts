import { setImmediate as nextTurn } from "node:timers/promises";
import { type MasterKey, newDataKey } from "@posthorn/sealing";
import type { Kysely } from "kysely";
import { spreadOf } from "../../domain/envelope.ts";
import { checkCatalogSize, type EventType, eventTypesMax } from "../../domain/event-type.ts";
import { eventTypeProblems } from "../../domain/event-type-check.ts";
import { refuseProblems } from "../../domain/problems.ts";
import type { Provider } from "../../domain/provider.ts";
import {
  type ProviderChanges,
  type ProviderFile,
  providerChanges,
} from "../../domain/provider-changes.ts";
import { spreadProblems } from "../../domain/spread-check.ts";
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
 * Checks the event types of a file: wholly those that the catalog does not have as they are, the
 * others against the file's envelopes. Throws `invalid` naming each problem. A schema takes some
 * 20 ms, so other work gets its turn between them.
 */
export async function checkEventTypes(db: Kysely<Database>, file: ProviderFile): Promise<void> {
  const known = await storedEventTypes(db, file.settings.name);
  const same = providerChanges(file, { settings: file.settings, eventTypes: known });
  const changed = new Set(same.eventTypes);
  const spread = spreadOf(file.settings.envelopes);
  const problems = [];
  for (const [index, eventType] of file.eventTypes.entries()) {
    const path = `eventTypes[${index}]`;
    if (!changed.has(eventType)) problems.push(...spreadProblems(eventType, spread, path));
    else {
      problems.push(...eventTypeProblems(eventType, spread, path));
      await nextTurn();
    }
  }
  refuseProblems(problems);
}

function storedEventTypes(db: Kysely<Database>, provider: string): Promise<EventType[]> {
  return listEventTypes(db, { provider, after: "", countMax: eventTypesMax });
}
