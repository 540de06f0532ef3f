import { timestampMs } from "@bufbuild/protobuf/wkt";
import { createRouterTransport } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import {
  type ConnectionEvent,
  ConnectionEventService,
  ConnectionEvent_Kind as Kind,
} from "@posthorn/proto/posthorn/internal/ingestion/v1/connection_event_service";
import { runParts } from "@posthorn/runtime";
import { eventually } from "@posthorn/testkit";
import { afterEach, expect, test } from "vitest";
import { type Harness, harness } from "../../test/harness.ts";

const policy = `
connections:
  createdEventType: connection.created
  deletedEventType: connection.deleted
  syncCompletedEventType: connection.synced
eventTypes: [{ name: connection.created }, { name: connection.deleted }, { name: connection.synced }]`;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The service with an ingestion that answers as `answer` says and remembers what it took. */
async function setup(answer: (event: ConnectionEvent) => void = () => {}) {
  const taken: ConnectionEvent[] = [];
  const ingestion = createRouterTransport((router) =>
    router.service(ConnectionEventService, {
      publishConnectionEvents({ events }) {
        try {
          events.forEach(answer);
        } catch (error) {
          throw error instanceof AppError ? toConnectError(error, "test") : error;
        }
        taken.push(...events);
        return {};
      },
    }),
  );
  const it = await harness({ ingestion });
  open.push(it.close);
  const start = () => {
    const stop = new AbortController();
    const ended = runParts(it.service.parts, { stop: stop.signal, stopTimeoutMs: 5_000 });
    open.push(async () => {
      stop.abort();
      await ended;
    });
  };
  const tenant = await it.tenant(policy);
  return { it, taken, start, ...tenant };
}

const workspace = "acme";
const create = { workspace, connection: { integrationName: "shopify" } };

async function left(it: Harness) {
  return await it.query(
    "select kind, failures, error from subscription.connection_event order by id",
  );
}

test("publishes what became of a connection, once each and in order", async () => {
  const { it, taken, start, as, provider, workspaceId } = await setup();
  start();
  const { id } = await as.connections.createConnection(create);
  const key = { workspace, connection: id };
  const synced = await as.connections.completeSync(key);
  await as.connections.completeSync(key);
  await as.connections.startSync(key);
  await as.connections.completeSync(key);
  await as.connections.deleteConnection(key);
  await eventually(() => expect(taken).toHaveLength(3));
  expect(taken.map(({ kind, eventType }) => [kind, eventType])).toEqual([
    [Kind.CREATED, "connection.created"],
    [Kind.SYNC_COMPLETED, "connection.synced"],
    [Kind.DELETED, "connection.deleted"],
  ]);
  for (const event of taken) {
    expect(event).toMatchObject({ provider, workspaceId, connectionId: id });
    expect(event.integrationName).toBe("shopify");
    const time = new Date(event.occurTime ? timestampMs(event.occurTime) : 0).toISOString();
    expect(Buffer.from(event.data).toString()).toBe(
      `{"id":"${id}","integration_name":"shopify","time":"${time}"}`,
    );
  }
  expect(taken[1]?.occurTime).toEqual(synced.firstSyncCompleteTime);
  await eventually(async () => expect(await left(it)).toEqual([]));
});

test("publishes after a restart what was left, and nothing where the provider has no such types", async () => {
  const { it, taken, start, as } = await setup();
  await as.connections.createConnection(create);
  const bare = await it.tenant();
  await bare.as.connections.createConnection(create);
  expect(await left(it)).toHaveLength(1);
  start();
  await eventually(() => expect(taken).toHaveLength(1));
});

test("waits while ingestion is away", async () => {
  const troubles = [new AppError("unavailable", "down"), new AppError("forbidden", "another key")];
  const { it, taken, start, as } = await setup(() => {
    const trouble = troubles.shift();
    if (trouble !== undefined) throw trouble;
  });
  start();
  await as.connections.createConnection(create);
  await eventually(() => expect(taken).toHaveLength(1));
  await eventually(async () => expect(await left(it)).toEqual([]));
});

test("parks what breaks ingestion three times, and goes on with the rest", async () => {
  const { it, taken, start, as } = await setup((event) => {
    if (event.kind === Kind.CREATED) throw new Error("broken");
  });
  const { id } = await as.connections.createConnection(create);
  await as.connections.deleteConnection({ workspace, connection: id });
  start();
  await eventually(async () =>
    expect(await left(it)).toMatchObject([{ kind: "CREATED", failures: 3 }]),
  );
  expect(taken.map(({ kind }) => kind)).toEqual([Kind.DELETED]);
});
