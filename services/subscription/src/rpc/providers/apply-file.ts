import { setImmediate as nextTurn } from "node:timers/promises";
import type { FieldProblem } from "@posthorn/errors";
import { type MasterKey, newDataKey } from "@posthorn/sealing";
import type { Kysely } from "kysely";
import { breaksOf, mayBreak, refuseBreaks } from "../../domain/breaking.ts";
import { checkCatalogSize, type EventType, eventTypesMax } from "../../domain/event-type.ts";
import { eventTypeProblems, fitProblems } from "../../domain/event-type-check.ts";
import { refuseProblems } from "../../domain/problems.ts";
import { type Provider, webhooksMaxOf } from "../../domain/provider.ts";
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
import { readWebhookUse } from "../../store/webhook-use.ts";

/** What applying a file would do. */
export interface Plan {
  readonly file: ProviderFile;
  readonly stored: Provider | undefined;
  readonly storedEventTypes: readonly EventType[];
  readonly changes: ProviderChanges;
  /** What of it breaks webhooks that are in use. */
  readonly breaks: readonly FieldProblem[];
}

/** What applying a file did. */
export interface Applied extends Plan {
  readonly provider: Provider;
}

/**
 * Compares a file with what is stored. Throws `precondition` when the catalog would hold too many
 * event types.
 */
export async function planFile(db: Kysely<Database>, file: ProviderFile): Promise<Plan> {
  const { name } = file.settings;
  const stored = await getProvider(db, name);
  const storedEventTypes = await readCatalog(db, name);
  const names = [...storedEventTypes, ...file.eventTypes].map((eventType) => eventType.name);
  checkCatalogSize(new Set(names).size);
  const before = stored && { settings: stored, eventTypes: storedEventTypes };
  const changes = providerChanges(file, before);
  const breaks = mayBreak(changes.settings) ? await findBreaks(db, file, stored) : [];
  return { file, stored, storedEventTypes, changes, breaks };
}

async function findBreaks(
  db: Kysely<Database>,
  { settings }: ProviderFile,
  stored: Provider | undefined,
): Promise<FieldProblem[]> {
  if (stored === undefined) return [];
  const webhooksMax = webhooksMaxOf(settings);
  return breaksOf(
    stored,
    settings,
    await readWebhookUse(db, { provider: settings.name, webhooksMax }),
  );
}

/**
 * Creates or changes a provider as its file says, in the caller's transaction. Applying the same
 * file again changes nothing. Its event types must have been checked. Throws `precondition` when
 * it would break webhooks in use, unless that is allowed: none is made or changed meanwhile.
 */
export async function applyFile(
  tx: Kysely<Database>,
  masterKey: MasterKey,
  { file, allowBreaking = false }: { file: ProviderFile; allowBreaking?: boolean },
): Promise<Applied> {
  const { name } = file.settings;
  await lockProviderName(tx, name);
  await lockProvider(tx, name);
  const plan = await planFile(tx, file);
  if (!allowBreaking) refuseBreaks(plan.breaks);
  const provider = await write(tx, masterKey, plan);
  await upsertEventTypes(tx, name, plan.changes.eventTypes);
  return { ...plan, provider };
}

async function write(
  tx: Kysely<Database>,
  masterKey: MasterKey,
  { file: { settings }, stored, changes }: Plan,
): Promise<Provider> {
  if (stored === undefined) {
    return await insertProvider(tx, settings, newDataKey(masterKey).wrapped);
  }
  if (changes.settings.length > 0) return await updateProvider(tx, settings);
  if (changes.eventTypes.length > 0) return await raiseRevision(tx, stored.name);
  return stored;
}

/**
 * Checks the event types of a file: wholly those that the catalog does not have as they are, the
 * others against the file's policies. Throws `invalid` naming each problem. A schema takes some
 * 20 ms, so other work gets its turn between them.
 */
export async function checkEventTypes(db: Kysely<Database>, file: ProviderFile): Promise<void> {
  const known = await readCatalog(db, file.settings.name);
  const same = providerChanges(file, { settings: file.settings, eventTypes: known });
  const changed = new Set(same.eventTypes);
  const problems = [];
  for (const [index, eventType] of file.eventTypes.entries()) {
    const path = `eventTypes[${index}]`;
    if (!changed.has(eventType)) problems.push(...fitProblems(eventType, file.settings, path));
    else {
      problems.push(...eventTypeProblems(eventType, file.settings, path));
      await nextTurn();
    }
  }
  refuseProblems(problems);
}

function readCatalog(db: Kysely<Database>, provider: string): Promise<EventType[]> {
  return listEventTypes(db, { provider, after: "", countMax: eventTypesMax });
}
