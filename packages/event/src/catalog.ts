import type { Catalog as CatalogMessage } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { type DataCheck, dataCheck } from "./data-schema.ts";

/** What publishing knows of an event type. */
export interface EventType {
  readonly schema: Uint8Array;
  /** Compiled once for each schema. */
  readonly checkData: DataCheck;
  /** Whether only Posthorn publishes it. */
  readonly isReserved: boolean;
  /** Whether its events carry the previous values of what changed. */
  readonly hasPrevious: boolean;
  /** What the provider asks of all its events. */
  readonly rules: EventRules;
}

/** What a provider asks of its events, whatever their type. */
export interface EventRules {
  /** Whether each must name a connection. */
  readonly needsConnection: boolean;
  /** The members that data may not have, as its members stand beside them; undefined: no matter. */
  readonly reservedMembers: ReadonlySet<string> | undefined;
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
  const rules: EventRules = {
    needsConnection: message.needsConnection,
    reservedMembers: message.spreadsData ? new Set(message.reservedMembers) : undefined,
  };
  const types = message.eventTypes.map(({ name, schema, reserved, hasPrevious }) => {
    const known = before?.types.get(name);
    const same = known !== undefined && Buffer.compare(known.schema, schema) === 0;
    const checkData = same ? known.checkData : dataCheck(schema);
    return [name, { schema, checkData, isReserved: reserved, hasPrevious, rules }] as const;
  });
  return { revision, takesUnknownTypes: message.takesUnknownTypes, types: new Map(types) };
}
