import { create } from "@bufbuild/protobuf";
import { AppError, invalid } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import {
  type AddEventTypeRequest,
  type AddEventTypeResponse,
  AddEventTypeResponseSchema,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { bareEventType, checkCatalogSize, isEventTypeName } from "../../domain/event-type.ts";
import { isReservedName } from "../../domain/reserved-type.ts";
import { countEventTypes, getEventType, insertEventType } from "../../store/event-types.ts";
import { lockProvider, raiseRevision } from "../../store/providers.ts";
import type { Deps } from "../deps.ts";
import { requireFound } from "../require.ts";

/** Adds a type to a catalog that takes unknown ones. Idempotent: a type that is there stays. */
export async function addEventType(
  { db }: Deps,
  { provider: providerName, name }: AddEventTypeRequest,
): Promise<AddEventTypeResponse> {
  if (!isEventTypeName(name)) throw invalid("name", "is no name of an event type");
  await transaction(db, async (tx) => {
    const provider = requireFound(await lockProvider(tx, providerName), "provider", providerName);
    if ((await getEventType(tx, { provider: providerName, name })) !== undefined) return;
    if (provider.unknownEventTypes !== "CREATE" || isReservedName(name)) {
      throw new AppError("precondition", `the catalog takes no unknown types such as ${name}`);
    }
    checkCatalogSize((await countEventTypes(tx, providerName)) + 1);
    await insertEventType(tx, providerName, bareEventType(name));
    await raiseRevision(tx, providerName);
  });
  return create(AddEventTypeResponseSchema);
}
