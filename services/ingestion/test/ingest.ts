import { randomUUID } from "node:crypto";
import type { Bus, LogRecord, StoredRecord } from "@posthorn/bus";
import { eventually } from "@posthorn/testkit";
import { deadTopic } from "../src/workers/ingest-source.ts";
import type { FakeProvider, FakeSubscription } from "./fake-subscription.ts";
import { loggedEvents, readTopic, startService } from "./setup.ts";

/** A record as a producer writes it. */
export interface Produced {
  readonly key?: string;
  readonly value: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string | Uint8Array>>;
}

/** An ingest topic and a provider of a test's own. */
export interface IngestCase {
  readonly url: string;
  readonly bus: Bus;
  readonly subscription: FakeSubscription;
  readonly topic: string;
  readonly providerName: string;
  readonly provider: FakeProvider;
}

/** Makes a topic of one partition and a provider that knows the type `a`. */
export async function ingestCase(
  rest: Pick<IngestCase, "url" | "bus" | "subscription">,
): Promise<IngestCase> {
  const name = randomUUID();
  const topic = `ingest.${name}`;
  await rest.bus.ensureTopics([{ name: topic, partitionCount: 1 }]);
  const providerName = `p-${name}`;
  return {
    ...rest,
    topic,
    providerName,
    provider: rest.subscription.addProvider(providerName, ["a"]),
  };
}

/** Starts the service with the topics of cases, which share all but topic and provider. */
export function startIngest(...cases: readonly IngestCase[]) {
  const [first] = cases;
  if (first === undefined) throw new Error("a case is needed");
  const { url, bus, subscription } = first;
  const ingestTopics = cases.map(({ topic, providerName }) => ({ topic, provider: providerName }));
  return startService({ url, bus, subscription, config: { ingestTopics } });
}

/** Appends records to the case's topic, as Posthorn's own log takes them. */
export async function produce({ bus, topic }: IngestCase, records: readonly Produced[]) {
  await bus.publish(topic, records.map(toLogRecord));
}

function toLogRecord({ key, value, headers = {} }: Produced): LogRecord {
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const);
  return {
    partition: 0,
    key: key === undefined ? null : Buffer.from(key),
    value: Buffer.from(value),
    headers: Object.fromEntries(bytes),
  };
}

/** Waits until `count` events of a workspace are in the log, and gives all that are. */
export function eventsOf({ bus, provider }: IngestCase, workspace: string, count: number) {
  return eventually(async () => {
    const events = await loggedEvents(bus, provider.workspaces.get(workspace) ?? "");
    if (events.length < count) throw new Error(`${events.length} events, not ${count}`);
    return events;
  });
}

/** Waits until `count` dead letters of the case's topic are in theirs, and gives all that are. */
export function deadRecordsOf({ bus, topic }: IngestCase, count: number): Promise<StoredRecord[]> {
  return eventually(async () => {
    const records = await readTopic(bus, deadTopic);
    const ours = records.filter(({ headers }) => String(headers["posthorn-topic"]) === topic);
    if (ours.length < count) throw new Error(`${ours.length} dead letters, not ${count}`);
    return ours.sort((one, other) => offsetOf(one) - offsetOf(other));
  });
}

function offsetOf({ headers }: StoredRecord): number {
  return Number(String(headers["posthorn-offset"]));
}

/** Gives headers as text. */
export function textOf(headers: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Buffer.from(value).toString(),
  ]);
  return Object.fromEntries(entries);
}
