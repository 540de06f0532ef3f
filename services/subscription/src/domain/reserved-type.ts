import { bareEventType, type EventTypeDraft } from "./event-type.ts";

const prefix = "posthorn.";

/** Tells whether a name is one that only Posthorn gives to event types; no catalog may have it. */
export function isReservedName(name: string): boolean {
  return name.startsWith(prefix);
}

/** Why a catalog may not have a reserved name. */
export const reservedProblem = `may not begin with ${prefix}: such types are posthorn's own`;

/** The fields of the data of our own events, each by its example. */
const about = {
  workspace: "ws_01h455vb4pex5vsknk084sn02q",
  webhook: "wh_01h455vb4pex5vsknk084sn02q",
  urlHost: "example.com",
};
const failures = { consecutiveFailures: 120, failingSince: "2026-11-16T09:30:00.000Z" };
const delivery = {
  delivery: "dlv_01h455vb4pex5vsknk084sn02q",
  event: "evt_01h455vb4pex5vsknk084sn02q",
  eventType: "order.created",
  attemptCount: 10,
  lastStatusCode: 503,
};

/**
 * The types of the events that Posthorn publishes itself, to the provider's workspace of
 * operations. They are in every catalog, though not in its lists: any webhook may name them.
 */
export const reservedTypes: readonly EventTypeDraft[] = [
  reserved("delivery.exhausted", "The last attempt of a delivery failed.", {
    ...about,
    ...delivery,
  }),
  reserved("webhook.disabled", "Posthorn switched a webhook off.", {
    ...about,
    reason: "FAILING",
    ...failures,
  }),
  reserved("webhook.failing", "All attempts of a webhook have failed for 3 days.", {
    ...about,
    ...failures,
  }),
  reserved("webhook.recovered", "A webhook that was failing or off takes deliveries again.", about),
];

const reservedNames: ReadonlySet<string> = new Set(reservedTypes.map(({ name }) => name));

/** Tells whether Posthorn publishes events of that type itself. */
export function isReservedType(name: string): boolean {
  return reservedNames.has(name);
}

function reserved(
  name: string,
  description: string,
  example: Readonly<Record<string, string | number>>,
): EventTypeDraft {
  const properties = Object.fromEntries(
    Object.entries(example).map(([field, value]) => [field, { type: typeof value }]),
  );
  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  return {
    ...bareEventType(`${prefix}${name}`),
    group: "Posthorn",
    description,
    schema: json({ type: "object", properties }),
    example: json(example),
  };
}
