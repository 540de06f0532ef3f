import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Bus, postgresBus } from "@posthorn/bus";
import {
  ConnectionEvent_Kind,
  ConnectionEventService,
} from "@posthorn/proto/posthorn/internal/ingestion/v1/connection_event_service";
import { appClient, localTransport, serverInterceptors, withServiceKey } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { loggedEvents, silent, startService } from "../../test/setup.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
let bus: Bus;
let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
  database = await ingestionDatabase();
  bus = await postgresBus({ url: database.url, log: silent });
  service = await startService({ url: database.url, bus });
});
afterAll(async () => {
  await service.stop();
  await bus.close();
  await database.drop();
});

let providerCount = 0;
const data = Buffer.from('{"status":"received","items":[{"n":2}]}');
const before = Buffer.from('{"items":[{"n":1.0e0}],"status":"open"}');

/** A provider that needs connections and has a type with previous values, and a workspace. */
function setup() {
  providerCount += 1;
  const name = `p${providerCount}`;
  const provider = service.subscription.addProvider(name, ["a.created", "a.updated"]);
  provider.previous.add("a.updated");
  provider.needsConnection = true;
  const workspaceId = newId("ws");
  provider.workspaces.set("acme", workspaceId);
  const connection = service.subscription.addConnection(workspaceId, "shopify");
  const publisher = service.publisher(service.subscription.addKey(name));
  const created = { type: "a.created", data, connection };
  const updated = { type: "a.updated", data, connection };
  const publish = (event: object, workspace = "acme") =>
    publisher.publishEvent({ workspace, event });
  const logged = () => loggedEvents(bus, workspaceId);
  return { name, provider, workspaceId, connection, publisher, created, updated, publish, logged };
}

const refusal = (field: string, reason?: string) =>
  expect.objectContaining({
    reason: "invalid",
    fields: [expect.objectContaining({ field, ...(reason && { reason }) })],
  });
const textOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe("a connection", () => {
  test("is in the answer, and in the log with its integration's name", async () => {
    const { publish, created, connection, logged } = setup();
    expect((await publish(created)).connection).toBe(connection);
    const [record] = await logged();
    expect(record).toMatchObject({ connectionId: connection, integrationName: "shopify" });
  });

  test("tells in the log when its first sync ended, if it has", async () => {
    const { publish, created, connection, logged } = setup();
    await publish(created);
    const end = timestampFromMs(1_700_000_000_123);
    service.subscription.endFirstSync(connection, end);
    await publish(created);
    const ends = (await logged()).map(({ firstSyncCompleteTime }) => firstSyncCompleteTime);
    expect(ends).toEqual([undefined, end]);
  });

  test("is refused when it is missing, unknown, another workspace's or deleted", async () => {
    const { publish, created, connection, provider, workspaceId, logged } = setup();
    provider.workspaces.set("other", newId("ws"));
    const refused = (event: object, reason: string, workspace = "acme") =>
      expect(publish(event, workspace)).rejects.toEqual(refusal("event.connection", reason));
    await refused({ ...created, connection: "" }, "required");
    await refused({ ...created, connection: newId("conn") }, "unknown_connection");
    await refused({ ...created, connection: "nothing" }, "unknown_connection");
    await refused(created, "unknown_connection", "other");
    service.subscription.deleteConnection(connection);
    await refused(created, "deleted_connection");
    const made = service.subscription.addConnection(workspaceId);
    await publish({ ...created, connection: made });
    expect(await logged()).toHaveLength(1);
  });

  test("that is refused creates no workspace", async () => {
    const { publish, publisher, created, provider } = setup();
    const unknown = refusal("event.connection", "unknown_connection");
    await expect(publish(created, "new")).rejects.toEqual(unknown);
    async function* requests() {
      yield { workspace: "new", event: created };
    }
    await expect(publisher.streamPublishEvents(requests())).rejects.toEqual(unknown);
    expect([...provider.workspaces.keys()]).toEqual(["acme"]);
  });

  test("may be named where the provider does not ask for one, and must be sound then, too", async () => {
    const { publish, created, provider, connection, logged } = setup();
    provider.needsConnection = false;
    provider.revision += 1n;
    const unknown = refusal("event.connection", "unknown_connection");
    await expect(publish({ ...created, connection: "conn_1" })).rejects.toEqual(unknown);
    await publish(created);
    expect((await logged()).map(({ connectionId }) => connectionId)).toEqual([connection]);
  });

  test("of each event of a batch and of a stream is looked up; a batch names all that are not there", async () => {
    const { publisher, created, workspaceId, connection, logged } = setup();
    const other = service.subscription.addConnection(workspaceId, "amazon");
    const events = [created, { ...created, connection: other }];
    await publisher.batchPublishEvents({ workspace: "acme", events });
    async function* requests() {
      for (const event of events) yield { workspace: "acme", event };
    }
    await publisher.streamPublishEvents(requests());
    const names = (await logged()).map(({ integrationName }) => integrationName);
    expect(names).toEqual(["shopify", "amazon", "shopify", "amazon"]);
    const wrong = { ...created, connection: "conn_1" };
    const batch = publisher.batchPublishEvents({
      workspace: "acme",
      events: [wrong, created, wrong],
    });
    await expect(batch).rejects.toEqual(
      expect.objectContaining({
        fields: ["events[0].connection", "events[2].connection"].map((field) =>
          expect.objectContaining({ field }),
        ),
      }),
    );
    expect(connection).not.toBe(other);
  });
});

describe("previous values", () => {
  test("are worked out from the previous data, byte by byte", async () => {
    const { publish, updated, logged } = setup();
    const answer = await publish({ ...updated, previousData: before });
    const expected = '{"items.0.n":1.0e0,"status":"open"}';
    expect(textOf(answer.previousAttributes)).toBe(expected);
    expect(answer.previousData).toHaveLength(0);
    expect(textOf((await logged())[0]?.previousAttributes)).toBe(expected);
  });

  test("are taken as they are given", async () => {
    const { publish, updated, logged } = setup();
    const previousAttributes = Buffer.from('{ "status" : "open" }');
    await publish({ ...updated, previousAttributes });
    await publish({ ...updated, previousData: data });
    const texts = (await logged()).map((record) => textOf(record.previousAttributes));
    expect(texts).toEqual(['{ "status" : "open" }', "{}"]);
  });

  test("are part of what an idempotency key stands for", async () => {
    const { publish, updated } = setup();
    const keyed = { ...updated, previousData: before, idempotencyKey: "k" };
    const { id } = await publish(keyed);
    expect((await publish(keyed)).id).toBe(id);
    await expect(publish({ ...keyed, previousData: data })).rejects.toEqual(
      expect.objectContaining({ reason: "conflict" }),
    );
  });

  test.each([
    ["none on a type that has them", "a.updated", {}, "event.previousData", "required"],
    [
      "both",
      "a.updated",
      { previousData: before, previousAttributes: before },
      "event.previousAttributes",
      undefined,
    ],
    [
      "data on another type",
      "a.created",
      { previousData: before },
      "event.previousData",
      "no_previous",
    ],
    [
      "attributes on another type",
      "a.created",
      { previousAttributes: before },
      "event.previousAttributes",
      "no_previous",
    ],
    ["an array", "a.updated", { previousData: Buffer.from("[]") }, "event.previousData", undefined],
    ["a null", "a.updated", { previousData: Buffer.from("null") }, "event.previousData", undefined],
    [
      "no JSON",
      "a.updated",
      { previousAttributes: Buffer.from("{") },
      "event.previousAttributes",
      "invalid_json",
    ],
  ])("are refused: %s", async (_, type, rest, field, reason) => {
    const { publish, created, logged } = setup();
    await expect(publish({ ...created, type, ...rest })).rejects.toEqual(refusal(field, reason));
    expect(await logged()).toEqual([]);
  });

  test("are refused as too large, and where so much differs that they would be", async () => {
    const { publish, updated } = setup();
    const tooLarge = (field: string) =>
      expect.objectContaining({
        reason: "too_large",
        fields: [expect.objectContaining({ field })],
      });
    const large = Buffer.from(`{"a":"${"x".repeat(262_144)}"}`);
    await expect(publish({ ...updated, previousData: large })).rejects.toEqual(
      tooLarge("event.previousData"),
    );
    const list = (value: number) =>
      Buffer.from(`{"${"n".repeat(2_000)}":[${Array(200).fill(value)}]}`);
    await expect(publish({ ...updated, data: list(1), previousData: list(2) })).rejects.toEqual(
      tooLarge("event.previousData"),
    );
  });
});

describe("data whose members stand in the body itself", () => {
  test.each([
    ["an array", "[]", "event.data"],
    ["a text", '"x"', "event.data"],
    ["a member of the body's own", '{"a":1,"kind":2}', "event.data.kind"],
    ["a member of the body's own in other spelling", '{"\\u0069d":1}', "event.data.id"],
  ])("may not be or have %s", async (_, text, field) => {
    const { publish, created, provider } = setup();
    provider.reservedMembers = ["id", "kind", "time"];
    await expect(publish({ ...created, data: Buffer.from(text) })).rejects.toEqual(refusal(field));
  });

  test("may be any other object", async () => {
    const { publish, created, provider, logged } = setup();
    provider.reservedMembers = ["id"];
    await publish({ ...created, data: Buffer.from('{"a":{"id":1}}') });
    await publish({ ...created, data: Buffer.from("{}") });
    expect(await logged()).toHaveLength(2);
  });
});

describe("what became of a connection", () => {
  const events = () => {
    const { subscription, service: own } = service;
    const interceptors = serverInterceptors({
      authority: subscription.authority(),
      serviceKey: subscription.serviceKey,
      log: silent,
    });
    const transport = localTransport(own.internalRoutes, { interceptors });
    return (key: string) => appClient(ConnectionEventService, withServiceKey(transport, key));
  };

  test("is published under one id however often it is told, a deletion, too", async () => {
    const { name, workspaceId, connection, logged } = setup();
    service.subscription.deleteConnection(connection);
    const occurTime = timestampFromMs(1_700_000_000_123);
    const of = (kind: ConnectionEvent_Kind, eventType: string) => ({
      kind,
      provider: name,
      workspaceId,
      connectionId: connection,
      integrationName: "shopify",
      eventType,
      data: Buffer.from(`{"id":"${connection}"}`),
      occurTime,
    });
    const told = {
      events: [
        of(ConnectionEvent_Kind.CREATED, "connection.created"),
        of(ConnectionEvent_Kind.DELETED, "connection.deleted"),
      ],
    };
    const client = events()(service.subscription.serviceKey);
    await client.publishConnectionEvents(told);
    await client.publishConnectionEvents(told);
    const records = await logged();
    expect(new Set(records.map(({ eventId }) => eventId)).size).toBe(2);
    expect(records).toMatchObject(
      [false, false, true, true].map((isRepeat, index) => ({
        isRepeat,
        type: index % 2 === 0 ? "connection.created" : "connection.deleted",
        connectionId: connection,
        integrationName: "shopify",
        occurTime,
      })),
    );
  });

  test("is told by posthorn's services only", async () => {
    const { name } = setup();
    const client = events()(service.subscription.addKey(name));
    await expect(client.publishConnectionEvents({ events: [] })).rejects.toEqual(
      expect.objectContaining({ reason: "forbidden" }),
    );
  });
});
