import type { Connection } from "./connection.ts";
import type { ConnectionPolicy } from "./connection-policy.ts";
import type { EnvelopeField } from "./envelope.ts";

/** What became of a connection; each happens to it once. */
export type ConnectionEventKind = "CREATED" | "DELETED" | "SYNC_COMPLETED";

/** An event that Posthorn publishes of a connection. */
export interface ConnectionEventDraft {
  readonly kind: ConnectionEventKind;
  /** `conn_` + 26 characters. */
  readonly connectionId: string;
  readonly integrationName: string;
  readonly eventType: string;
  /** JSON text. */
  readonly data: string;
  readonly occurredAt: Date;
}

const defaultData: readonly EnvelopeField[] = [
  { name: "id", source: "CONNECTION_ID" },
  { name: "integration_name", source: "INTEGRATION_NAME" },
  { name: "time", source: "TIME" },
];

/** Gives the event of what became of a connection; undefined where the provider names no type. */
export function connectionEvent(
  policy: ConnectionPolicy | undefined,
  connection: Pick<Connection, "id" | "integrationName">,
  { kind, occurredAt }: Pick<ConnectionEventDraft, "kind" | "occurredAt">,
): ConnectionEventDraft | undefined {
  const eventType = typeOf(policy ?? {}, kind);
  if (!eventType) return undefined;
  const fields = policy?.eventData?.length ? policy.eventData : defaultData;
  const members = fields.map((field) => [field.name, memberOf(field, connection, occurredAt)]);
  return {
    kind,
    connectionId: connection.id,
    integrationName: connection.integrationName,
    eventType,
    data: JSON.stringify(Object.fromEntries(members)),
    occurredAt,
  };
}

function typeOf(policy: ConnectionPolicy, kind: ConnectionEventKind): string | undefined {
  switch (kind) {
    case "CREATED":
      return policy.createdEventType;
    case "DELETED":
      return policy.deletedEventType;
    case "SYNC_COMPLETED":
      return policy.syncCompletedEventType;
  }
}

/** Gives a member's text; null for sources that such an event does not have. */
function memberOf(
  { source, text = "" }: EnvelopeField,
  connection: Pick<Connection, "id" | "integrationName">,
  occurredAt: Date,
): string | null {
  if (source === "CONNECTION_ID") return connection.id;
  if (source === "INTEGRATION_NAME") return connection.integrationName;
  if (source === "TIME") return occurredAt.toISOString();
  return source === "TEXT" ? text : null;
}
