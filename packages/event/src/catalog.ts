import type { Catalog as CatalogMessage } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { type DataCheck, dataCheck } from "./data-schema.ts";

/** What publishing knows of an event type. */
export interface EventType {
  readonly schema: Uint8Array;
  /** Compiled once for each schema. */
  readonly checkData: DataCheck;
  /** Whether only Posthorn publishes it. */
  readonly isReserved: boolean;
}

/** What publishing knows of a provider, as of one revision. */
export interface Catalog {
  readonly revision: bigint;
  readonly takesUnknownTypes: boolean;
  readonly types: ReadonlyMap<string, EventType>;
}

/** Gives the catalog of a sync's answer; types whose schema stayed keep their compiled check. */
export function catalogOf(
  message: CatalogMessage,
  revision: bigint,
  before: Catalog | undefined,
): Catalog {
  const types = message.eventTypes.map(({ name, schema, reserved }) => {
    const known = before?.types.get(name);
    const same = known !== undefined && Buffer.compare(known.schema, schema) === 0;
    const checkData = same ? known.checkData : dataCheck(schema);
    return [name, { schema, checkData, isReserved: reserved }] as const;
  });
  return { revision, takesUnknownTypes: message.takesUnknownTypes, types: new Map(types) };
}
