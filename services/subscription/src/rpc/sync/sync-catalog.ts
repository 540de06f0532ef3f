import { create } from "@bufbuild/protobuf";
import {
  type SyncCatalogRequest,
  type SyncCatalogResponse,
  SyncCatalogResponseSchema,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { spreadOf } from "../../domain/envelope.ts";
import { type EventTypeDraft, eventTypesMax } from "../../domain/event-type.ts";
import { reservedTypes } from "../../domain/reserved-type.ts";
import { listEventTypes } from "../../store/event-types.ts";
import type { Deps } from "../deps.ts";
import { requireProvider } from "../require.ts";

/** Gives a provider's catalog unless the caller has it. Throws `not_found`. */
export async function syncCatalog(
  { db }: Deps,
  { provider: name, knownRevision }: SyncCatalogRequest,
): Promise<SyncCatalogResponse> {
  const { revision } = await requireProvider(db, name);
  if (revision === knownRevision) return create(SyncCatalogResponseSchema, { revision });
  return await readCatalog(db, name);
}

/** Revision and contents come from one snapshot of the database. */
async function readCatalog(db: Deps["db"], name: string): Promise<SyncCatalogResponse> {
  return await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (tx) => {
      const provider = await requireProvider(tx, name);
      const page = { provider: name, after: "", countMax: eventTypesMax };
      const eventTypes = await listEventTypes(tx, page);
      const { isSpread, reservedMembers } = spreadOf(provider.envelopes);
      return create(SyncCatalogResponseSchema, {
        revision: provider.revision,
        catalog: {
          needsConnection: provider.connections?.required ?? false,
          spreadsData: isSpread,
          reservedMembers: [...reservedMembers],
          takesUnknownTypes: provider.unknownEventTypes === "CREATE",
          eventTypes: [
            ...eventTypes.map((eventType) => toCatalog(eventType, false)),
            ...reservedTypes.map((eventType) => toCatalog(eventType, true)),
          ],
        },
      });
    });
}

function toCatalog(eventType: EventTypeDraft, reserved: boolean) {
  const { name, schema, example, hasPrevious } = eventType;
  return { name, schema, example, reserved, hasPrevious };
}
