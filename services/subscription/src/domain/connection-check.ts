import type { FieldProblem } from "@posthorn/errors";
import type { ConnectionPolicy } from "./connection-policy.ts";
import { type EnvelopeSource, spreadOf } from "./envelope.ts";
import { memberProblems } from "./envelope-check.ts";
import { isEventTypeName } from "./event-type.ts";
import type { ProviderFile } from "./provider-changes.ts";
import { isPattern } from "./webhook-check.ts";

const published = ["createdEventType", "deletedEventType", "syncCompletedEventType"] as const;

/** What Posthorn knows of a connection when it publishes an event of it. */
const known: readonly EnvelopeSource[] = ["CONNECTION_ID", "INTEGRATION_NAME", "TIME", "TEXT"];

/** The members of such events' data where a file names none. */
const defaultMembers = ["id", "integration_name", "time"];

/** Tells whether Posthorn publishes events of that type when something becomes of a connection. */
export function isConnectionEvent(policy: ConnectionPolicy | undefined, name: string): boolean {
  return published.some((field) => policy?.[field] === name);
}

/** Gives what is wrong with a policy of connections, alone and against catalog and envelopes. */
export function connectionProblems(file: ProviderFile): FieldProblem[] {
  const { connections: policy } = file.settings;
  if (policy === undefined) return [];
  return [
    ...published.flatMap((field) => publishedProblems(file, policy, field)),
    ...firstSyncProblems(file, policy),
    ...dataProblems(file, policy),
  ].map(({ field, ...problem }) => ({ field: `connections.${field}`, ...problem }));
}

function publishedProblems(
  file: ProviderFile,
  policy: ConnectionPolicy,
  field: (typeof published)[number],
): FieldProblem[] {
  const name = policy[field];
  if (name === undefined) return [];
  const description = publishedProblem(file, policy, name);
  return description === undefined ? [] : [{ field, description }];
}

function publishedProblem(
  file: ProviderFile,
  { firstSyncEventTypes = [] }: ConnectionPolicy,
  name: string,
): string | undefined {
  if (!isEventTypeName(name)) return "is no name of an event type";
  if (!isInCatalog(file, name)) return `${name} is not in the file's event types`;
  if (firstSyncEventTypes.length === 0 || firstSyncEventTypes.some((it) => names(it, name))) {
    return undefined;
  }
  return `${name} must be among firstSyncEventTypes, or would never be sent`;
}

function firstSyncProblems(file: ProviderFile, policy: ConnectionPolicy): FieldProblem[] {
  return (policy.firstSyncEventTypes ?? []).flatMap((name, index) =>
    isPattern(name) || isInCatalog(file, name)
      ? []
      : [
          {
            field: `firstSyncEventTypes[${index}]`,
            description: `${name} is not in the file's event types`,
          },
        ],
  );
}

function dataProblems({ settings }: ProviderFile, policy: ConnectionPolicy): FieldProblem[] {
  const own = policy.eventData ?? [];
  const { reservedMembers } = spreadOf(settings.envelopes);
  const isPublished = published.some((field) => policy[field] !== undefined);
  const members = own.length === 0 ? defaultMembers : own.flatMap(({ name = "" }) => name);
  const clash = members.find((name) => reservedMembers.includes(name));
  return [
    ...memberProblems(own, "eventData"),
    ...own.flatMap(({ source }, index) =>
      known.includes(source)
        ? []
        : [
            {
              field: `eventData[${index}].source`,
              description: `must be one of ${known.join(", ")}`,
            },
          ],
    ),
    ...(clash === undefined || !isPublished
      ? []
      : [
          {
            field: "eventData",
            description: `has member ${clash}, which the provider's envelope names itself`,
          },
        ]),
  ];
}

function isInCatalog({ settings, eventTypes }: ProviderFile, name: string): boolean {
  return settings.unknownEventTypes === "CREATE" || eventTypes.some((it) => it.name === name);
}

/** Tells whether an exact name, or `prefix.*`, names an event type. */
function names(pattern: string, name: string): boolean {
  return isPattern(pattern) ? name.startsWith(pattern.slice(0, -"*".length)) : pattern === name;
}
