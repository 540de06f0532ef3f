import { create, toBinary } from "@bufbuild/protobuf";
import { type Bus, postgresBus } from "@posthorn/bus";
import { PublishEventRequestSchema } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { newApiKey } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import { eventually } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { FakeSubscription } from "../../test/fake-subscription.ts";
import {
  deadRecordsOf,
  eventsOf,
  type IngestCase,
  ingestCase,
  type Produced,
  produce,
  startIngest,
  textOf,
} from "../../test/ingest.ts";
import { silent } from "../../test/setup.ts";

let database: Awaited<ReturnType<typeof ingestionDatabase>>;
let bus: Bus;
beforeAll(async () => {
  database = await ingestionDatabase();
  bus = await postgresBus({ url: database.url, log: silent });
});
afterAll(async () => {
  await bus.close();
  await database.drop();
});

async function setup() {
  const subscription = new FakeSubscription();
  return ingestCase({ url: database.url, bus, subscription });
}

/** Starts the service, does `run` and stops it again. */
async function whileRunning(
  test: IngestCase,
  run: (service: Awaited<ReturnType<typeof startIngest>>) => Promise<unknown>,
) {
  const service = await startIngest(test);
  await run(service).finally(service.stop);
}

const acme = { "posthorn-workspace": "acme" };
const json = (data: number, more = ""): Produced => ({
  headers: acme,
  value: `{"type":"a","data":${data}${more}}`,
});
const numbers = (events: readonly { data: Uint8Array }[]) =>
  events.map(({ data }) => Number(Buffer.from(data).toString()));

/** The next offset of the case's only partition. */
async function offsetOf({ topic }: IngestCase): Promise<string | undefined> {
  const rows = database.db.selectFrom("consumer_offset").select("next_offset");
  return (await rows.where("topic", "=", topic).executeTakeFirst())?.next_offset;
}

function setOffset({ topic }: IngestCase, next_offset: string) {
  return database.db
    .updateTable("consumer_offset")
    .set({ next_offset })
    .where("topic", "=", topic)
    .execute();
}

describe("records", () => {
  test("of all four forms become events, in order, and create their workspace", async () => {
    const ingest = await setup();
    const request = create(PublishEventRequestSchema, {
      workspace: "acme",
      event: { type: "a", data: Buffer.from("2") },
    });
    const cloud = { ce_specversion: "1.0", ce_source: "/s", ce_type: "a", ce_workspaceid: "acme" };
    const structured = {
      specversion: "1.0",
      id: "4",
      source: "/s",
      type: "a",
      workspaceid: "acme",
    };
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await produce(ingest, [
      { ...json(1), headers: { ...acme, traceparent } },
      {
        value: toBinary(PublishEventRequestSchema, request),
        headers: { "content-type": "application/protobuf" },
      },
      { value: "3", headers: { ...cloud, ce_id: "3", "content-type": "application/json" } },
      {
        value: JSON.stringify({ ...structured, data: 4 }),
        headers: { "content-type": "application/cloudevents+json" },
      },
    ]);
    await whileRunning(ingest, async () => {
      const events = await eventsOf(ingest, "acme", 4);
      expect(numbers(events)).toEqual([1, 2, 3, 4]);
      expect(events[0]).toMatchObject({ provider: ingest.providerName, type: "a", traceparent });
      await eventually(async () => expect(await offsetOf(ingest)).toBe("4"));
    });
  });

  test("name their connection and what changed; a connection that is not there refuses them", async () => {
    const ingest = await setup();
    ingest.provider.previous.add("a");
    const workspaceId = newId("ws");
    ingest.provider.workspaces.set("acme", workspaceId);
    const connection = ingest.subscription.addConnection(workspaceId, "shopify");
    const cloud = { ce_specversion: "1.0", ce_source: "/s", ce_type: "a", ce_id: "1" };
    const previous = ',"previousData":{"n":1.0}';
    await produce(ingest, [
      { ...json(0), value: `{"type":"a","data":{"n":2},"connection":"${connection}"${previous}}` },
      {
        headers: { ...acme, ...cloud, ce_connectionid: connection, ce_previousattributes: "{}" },
        value: '{"n":2}',
      },
      { ...json(0), value: `{"type":"a","data":{"n":2},"connection":"conn_1"${previous}}` },
      {
        headers: { "posthorn-workspace": "new" },
        value: `{"type":"a","data":{"n":2},"connection":"${connection}"${previous}}`,
      },
    ]);
    await whileRunning(ingest, async () => {
      const events = await eventsOf(ingest, "acme", 2);
      expect(events).toMatchObject(
        events.map(() => ({ connectionId: connection, integrationName: "shopify" })),
      );
      const texts = events.map((it) => Buffer.from(it.previousAttributes).toString());
      expect(texts).toEqual(['{"n":1.0}', "{}"]);
      const dead = await deadRecordsOf(ingest, 2);
      expect(dead.map(({ headers }) => textOf(headers))).toMatchObject([
        { "posthorn-reason": "INVALID" },
        { "posthorn-reason": "INVALID" },
      ]);
      expect(ingest.provider.workspaces.has("new")).toBe(false);
    });
  });

  test("without a key that are read twice give the same events", async () => {
    const ingest = await setup();
    await produce(ingest, [json(1), json(1)]);
    await whileRunning(ingest, () => eventsOf(ingest, "acme", 2));
    await setOffset(ingest, "0");
    await whileRunning(ingest, async () => {
      const ids = (await eventsOf(ingest, "acme", 4)).map(({ eventId }) => eventId);
      expect(ids.slice(2)).toEqual(ids.slice(0, 2));
      expect(new Set(ids).size).toBe(2);
    });
  });

  test("that repeat a key give its event again, and are refused with another body", async () => {
    const ingest = await setup();
    const keyed = ',"idempotencyKey":"k"';
    await produce(ingest, [json(1, keyed), json(1, keyed), json(2, keyed)]);
    await whileRunning(ingest, async () => {
      const [dead] = await deadRecordsOf(ingest, 1);
      expect(textOf(dead?.headers ?? {})).toMatchObject({ "posthorn-reason": "CONFLICT" });
      const ids = (await eventsOf(ingest, "acme", 2)).map(({ eventId }) => eventId);
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(1);
    });
  });

  test("are read on from where the last process stopped", async () => {
    const ingest = await setup();
    await produce(ingest, [json(1)]);
    await whileRunning(ingest, async () => {
      await eventsOf(ingest, "acme", 1);
      await eventually(async () => expect(await offsetOf(ingest)).toBe("1"));
    });
    await produce(ingest, [json(2)]);
    await whileRunning(ingest, async () => {
      expect(numbers(await eventsOf(ingest, "acme", 2))).toEqual([1, 2]);
    });
  });

  test("by the thousand are taken in batches", async () => {
    const ingest = await setup();
    const count = 2_000;
    await produce(
      ingest,
      Array.from({ length: count }, (_, index) => json(index)),
    );
    await whileRunning(ingest, async () => {
      const events = await eventsOf(ingest, "acme", count);
      expect(numbers(events)).toEqual(Array.from({ length: count }, (_, index) => index));
    });
  });
});

describe("a refused record", () => {
  test("becomes a dead letter byte for byte, is listed to its provider, and holds nobody up", async () => {
    const ingest = await setup();
    const value = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
    const odd = Buffer.from([0xfe, 0x00]);
    await produce(ingest, [{ key: "k", value, headers: { ...acme, odd } }, json(1)]);
    await whileRunning(ingest, async (service) => {
      const [dead] = await deadRecordsOf(ingest, 1);
      expect(Buffer.from(dead?.value ?? []).equals(value)).toBe(true);
      expect(String(dead?.key)).toBe("k");
      expect(dead?.headers["odd"]).toEqual(odd);
      expect(textOf(dead?.headers ?? {})).toMatchObject({
        "posthorn-workspace": "acme",
        "posthorn-reason": "INVALID",
        "posthorn-message": expect.stringMatching(/^value: /),
        "posthorn-topic": ingest.topic,
        "posthorn-partition": "0",
        "posthorn-offset": "0",
      });
      expect(numbers(await eventsOf(ingest, "acme", 1))).toEqual([1]);
      const key = ingest.subscription.addKey(ingest.providerName);
      const page = await eventually(async () => {
        const { deadLetters } = await service.deadLetters(key).listDeadLetters({});
        expect(deadLetters).toHaveLength(1);
        return deadLetters;
      });
      expect(page[0]).toMatchObject({
        id: expect.stringMatching(/^dead_/),
        topic: ingest.topic,
        partition: 0,
        offset: 0n,
        reason: "INVALID",
        valueHead: value,
        valueSize: 4,
      });
      ingest.subscription.addProvider("another");
      const other = service.deadLetters(ingest.subscription.addKey("another"));
      expect((await other.listDeadLetters({})).deadLetters).toEqual([]);
    });
  });

  test.each([
    ["an unknown type", { ...json(1), value: '{"type":"b","data":1}' }, "INVALID", "event.type"],
    ["a malformed type", { ...json(1), value: '{"type":"a b","data":1}' }, "INVALID", "event.type"],
    ["no data", { ...json(1), value: '{"type":"a"}' }, "INVALID", "event.data"],
    ["an id", json(1, ',"id":"evt_1"'), "INVALID", "event.id"],
    [
      "too much data",
      { ...json(1), value: `{"type":"a","data":"${"x".repeat(262_143)}"}` },
      "TOO_LARGE",
      "event.data",
    ],
    ["no workspace", { value: '{"type":"a","data":1}' }, "INVALID", "workspace"],
    [
      "a workspace that cannot be",
      { ...json(1), headers: { "posthorn-workspace": "a/b" } },
      "INVALID",
      "workspace",
    ],
    ["no value", { ...json(1), value: "" }, "INVALID", "value"],
  ])("says what is wrong with %s", async (_, record, reason, field) => {
    const ingest = await setup();
    await produce(ingest, [record]);
    await whileRunning(ingest, async () => {
      const [dead] = await deadRecordsOf(ingest, 1);
      expect(textOf(dead?.headers ?? {})).toMatchObject({
        "posthorn-reason": reason,
        "posthorn-message": expect.stringMatching(`^${field}: `),
      });
      expect(ingest.provider.workspaces.size).toBe(0);
    });
  });

  test("may be one whose workspace the provider does not let it create", async () => {
    const ingest = await setup();
    ingest.provider.workspacesMustExist = true;
    await produce(ingest, [json(1)]);
    await whileRunning(ingest, async () => {
      const [dead] = await deadRecordsOf(ingest, 1);
      expect(textOf(dead?.headers ?? {})).toMatchObject({ "posthorn-reason": "NOT_FOUND" });
    });
  });

  test("that bears an API key loses it", async () => {
    const ingest = await setup();
    const secret = newApiKey("ph_");
    const bearers = [
      { Authorization: `Bearer ${secret}` },
      { "posthorn-api-key": secret },
      { "x-key": secret },
    ];
    await produce(
      ingest,
      bearers.map((bearer) => ({ ...json(1), headers: { ...acme, ...bearer } })),
    );
    await whileRunning(ingest, async (service) => {
      const dead = await deadRecordsOf(ingest, 3);
      expect(JSON.stringify(dead.map(({ headers }) => textOf(headers)))).not.toContain(secret);
      expect(dead.map(({ headers }) => textOf(headers)["posthorn-workspace"])).toEqual([
        "acme",
        "acme",
        "acme",
      ]);
      const key = ingest.subscription.addKey(ingest.providerName);
      const { deadLetters } = await service.deadLetters(key).listDeadLetters({});
      expect(deadLetters.map(({ message }) => message).join()).not.toContain(secret);
    });
  });

  test("that breaks us three times alone is parked, and the others go on", async () => {
    const ingest = await setup();
    ingest.subscription.setType(ingest.providerName, "broken", '{"$ref":"nowhere"}');
    const broken = { headers: acme, value: '{"type":"broken","data":1}' };
    await produce(ingest, [json(1), broken, json(2)]);
    await whileRunning(ingest, async () => {
      const [dead] = await deadRecordsOf(ingest, 1);
      expect(textOf(dead?.headers ?? {})).toMatchObject({
        "posthorn-reason": "INTERNAL",
        "posthorn-offset": "1",
        "posthorn-message": "internal error",
      });
      expect(numbers(await eventsOf(ingest, "acme", 2))).toEqual([1, 2]);
      await eventually(async () => expect(await offsetOf(ingest)).toBe("3"));
    });
  });
});

describe("what passes by itself", () => {
  test("holds records up and makes no dead letter: subscription is down", async () => {
    const ingest = await setup();
    await produce(ingest, [json(1)]);
    ingest.subscription.isDown = true;
    await whileRunning(ingest, async () => {
      await eventually(() => expect(ingest.subscription.calls.length).toBeGreaterThan(2));
      expect(await offsetOf(ingest)).toBe("0");
      ingest.subscription.isDown = false;
      expect(numbers(await eventsOf(ingest, "acme", 1))).toEqual([1]);
      await eventually(async () => expect(await offsetOf(ingest)).toBe("1"));
    });
    expect(await deadRecordsOf(ingest, 0)).toEqual([]);
  });

  test("holds records up and makes no dead letter: the provider is still to come", async () => {
    const ingest = await setup();
    const { subscription, providerName } = ingest;
    subscription.providers.delete(providerName);
    await produce(ingest, [json(1)]);
    await whileRunning(ingest, async () => {
      await eventually(() => expect(subscription.calls.length).toBeGreaterThan(2));
      const provider = subscription.addProvider(providerName, ["a"]);
      expect(numbers(await eventsOf({ ...ingest, provider }, "acme", 1))).toEqual([1]);
    });
    expect(await deadRecordsOf(ingest, 0)).toEqual([]);
  });
});

test("offsets of another log keep the service from starting", async () => {
  const ingest = await setup();
  await whileRunning(ingest, async () => {
    await eventually(async () => expect(await offsetOf(ingest)).toBe("0"));
  });
  const another = { log_id: "another" };
  await database.db
    .updateTable("consumer_offset")
    .set(another)
    .where("topic", "=", ingest.topic)
    .execute();
  await expect(startIngest(ingest)).rejects.toThrow(/belong to the log another/);
});

test("of two readers of one record only one moves the offset, and the event is one", async () => {
  const ingest = await setup();
  const one = await startIngest(ingest);
  const other = await startIngest(ingest);
  await produce(
    ingest,
    Array.from({ length: 20 }, (_, index) => json(index)),
  );
  const events = await eventsOf(ingest, "acme", 20);
  await one.stop();
  await produce(ingest, [json(20)]);
  await eventsOf(ingest, "acme", events.length + 1);
  await other.stop();
  expect(await offsetOf(ingest)).toBe("21");
  expect(await deadRecordsOf(ingest, 0)).toEqual([]);
});
