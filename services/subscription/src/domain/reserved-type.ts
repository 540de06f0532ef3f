import type { EventTypeDraft } from "./event-type.ts";

const prefix = "posthorn.";

/** Tells whether a name is one that only Posthorn gives to event types; no catalog may have it. */
export function isReservedName(name: string): boolean {
  return name.startsWith(prefix);
}

/** Why a catalog may not have a reserved name. */
export const reservedProblem = `may not begin with ${prefix}: such types are posthorn's own`;

/**
 * The types of the events that Posthorn publishes itself, to the provider's workspace of
 * operations. They are in every catalog, though not in its lists: any webhook may name them.
 */
export const reservedTypes: readonly EventTypeDraft[] = [
  {
    name: "posthorn.delivery.exhausted",
    description: "A delivery failed for the last time that its schedule has.",
    example: {
      delivery: "dlv_01h455vb4pex5vsknk084sn02q",
      event: "evt_01h455vb4pex5vsknk084sn02q",
    },
  },
  {
    name: "posthorn.webhook.disabled",
    description: "Posthorn switched a webhook off.",
    example: { reason: "FAILING" },
  },
  {
    name: "posthorn.webhook.failing",
    description: "A webhook has failed for days and will be switched off unless it recovers.",
    example: {},
  },
  {
    name: "posthorn.webhook.recovered",
    description: "A webhook that was failing has taken a delivery again.",
    example: {},
  },
].map(({ name, description, example }) => ({
  name,
  group: "Posthorn",
  description,
  schema: new Uint8Array(),
  example: Buffer.from(
    JSON.stringify({
      workspace: "ws_01h455vb4pex5vsknk084sn02q",
      webhook: "wh_01h455vb4pex5vsknk084sn02q",
      ...example,
    }),
  ),
}));

const reservedNames: ReadonlySet<string> = new Set(reservedTypes.map(({ name }) => name));

/** Tells whether Posthorn publishes events of that type itself. */
export function isReservedType(name: string): boolean {
  return reservedNames.has(name);
}
