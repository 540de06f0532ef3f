import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Bus, eventsTopic, postgresBus } from "@posthorn/bus";
import { idTimeMs, idToUuid, newId } from "@posthorn/runtime";
import { eventually } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { loggedEvents, readTopic, silent, startService } from "../../test/setup.ts";

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

/** A provider, an operator key and a workspace of the test's own. */
function setup(typeNames = ["order.created"]) {
  providerCount += 1;
  const name = `p${providerCount}`;
  const provider = service.subscription.addProvider(name, typeNames);
  const workspaceId = newId("ws");
  provider.workspaces.set("acme", workspaceId);
  const key = service.subscription.addKey(name);
  const publisher = service.publisher(key);
  const publish = (event: object, headers: Record<string, string> = {}) =>
    publisher.publishEvent({ workspace: "acme", event: { ...order, ...event } }, { headers });
  const batch = (events: object[], headers: Record<string, string> = {}) =>
    publisher.batchPublishEvents(
      { workspace: "acme", events: events.map((event) => ({ ...order, ...event })) },
      { headers },
    );
  const logged = () => loggedEvents(bus, workspaceId);
  return { name, provider, workspaceId, publisher, publish, batch, logged };
}

const data = Buffer.from(String.raw`{ "b":1.0, "2":123456789012345678901234567890, "a":"\u00e4" }`);
const order = { type: "order.created", data };
const key = (text: string) => ({ "idempotency-key": text });
const refusal = (reason: string, ...fields: string[]) =>
  expect.objectContaining({
    reason,
    ...(fields.length > 0 && {
      fields: fields.map((field) => expect.objectContaining({ field })),
    }),
  });

describe("one event", () => {
  test("is answered as accepted and stands in the log, its data byte by byte", async () => {
    const { name, workspaceId, publish, logged } = setup();
    const time = timestampFromMs(1_700_000_000_123);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const event = await publish({ time, orderingKey: "o" }, { traceparent });
    expect(event).toMatchObject({ ...order, time, orderingKey: "o" });
    expect(event.id).toMatch(/^evt_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(event.acceptTime).toEqual(timestampFromMs(idTimeMs(event.id)));
    expect(await logged()).toMatchObject([
      {
        eventId: event.id,
        workspaceId,
        provider: name,
        type: "order.created",
        occurTime: time,
        acceptTime: event.acceptTime,
        orderingKey: "o",
        traceparent,
      },
    ]);
    expect(Buffer.from((await logged())[0]?.data ?? []).equals(data)).toBe(true);
  });

  test("without a time happened when it was accepted", async () => {
    const { publish, logged } = setup();
    const event = await publish({});
    expect(event.time).toEqual(event.acceptTime);
    expect((await logged())[0]?.occurTime).toEqual(event.acceptTime);
  });

  test("that is to be sent later says so in the answer and in the log", async () => {
    const { publish, logged } = setup();
    const deliverTime = timestampFromMs(Date.now() + 3_600_000);
    expect((await publish({ deliverTime })).deliverTime).toEqual(deliverTime);
    expect((await logged())[0]?.deliverTime).toEqual(deliverTime);
    expect((await publish({})).deliverTime).toBeUndefined();
  });

  test("is keyed by its workspace's id, whatever the workspace was called", async () => {
    const { workspaceId, publish } = setup();
    await publish({});
    const keys = (await readTopic(bus, eventsTopic)).map((record) => String(record.key));
    expect(keys).toContain(workspaceId);
  });

  test("creates a workspace that an operator names first", async () => {
    const { provider, publisher } = setup();
    await publisher.publishEvent({ workspace: "new", event: order });
    const workspaceId = provider.workspaces.get("new") ?? "";
    expect(await loggedEvents(bus, workspaceId)).toHaveLength(1);
  });

  test.each([
    ["data that is no JSON", { data: Buffer.from("{") }, "invalid", "event.data"],
    ["no data", { data: new Uint8Array() }, "invalid", "event.data"],
    ["data that is too large", { data: Buffer.alloc(262_145, "1") }, "too_large", "event.data"],
    ["an unknown type", { type: "order.created2" }, "invalid", "event.type"],
    ["a type with an empty part", { type: "user..created" }, "invalid", "event.type"],
    ["a type that ends in a newline", { type: "user.created\n" }, "invalid", "event.type"],
    ["a type of 129 characters", { type: "a".repeat(129) }, "invalid", "event.type"],
    ["a time in the year 1", { time: { seconds: -62_135_596_800n } }, "invalid", "event.time"],
    [
      "a time to deliver at in 15 days",
      { deliverTime: timestampFromMs(Date.now() + 15 * 86_400_000) },
      "invalid",
      "event.deliverTime",
    ],
    ["an id", { id: "evt_01h455vb4pex5vsknk084sn02q" }, "invalid", "event.id"],
    ["an acceptTime", { acceptTime: timestampFromMs(0) }, "invalid", "event.acceptTime"],
    [
      "a key of 257 characters",
      { idempotencyKey: "k".repeat(257) },
      "invalid",
      "event.idempotencyKey",
    ],
    ["a key with a newline", { idempotencyKey: "a\nb" }, "invalid", "event.idempotencyKey"],
  ])("with %s is refused and not published", async (_, event, reason, field) => {
    const { publish, logged } = setup();
    await expect(publish(event)).rejects.toEqual(refusal(reason, field));
    expect(await logged()).toEqual([]);
  });

  test("may not be published without the scope events:publish", async () => {
    const { name, workspaceId } = setup();
    const reader = service.subscription.addKey(name, workspaceId, ["webhooks"]);
    const publish = service.publisher(reader).publishEvent({ workspace: "acme", event: order });
    await expect(publish).rejects.toEqual(refusal("forbidden"));
  });
});

describe("an idempotency key", () => {
  test("gives the same event again, and appends it again under its id", async () => {
    const { publish, logged } = setup();
    const first = await publish({}, key("k"));
    const second = await publish({ idempotencyKey: "k" });
    expect(second).toEqual({ ...first, idempotencyKey: "k" });
    expect((await logged()).map(({ eventId }) => eventId)).toEqual([first.id, first.id]);
  });

  test("is refused for another body, of which nothing is published", async () => {
    const { publish, logged } = setup();
    await publish({}, key("k"));
    for (const change of [{ data: Buffer.from("1") }, { orderingKey: "o" }]) {
      const conflict = refusal("conflict", "event.idempotencyKey");
      await expect(publish(change, key("k"))).rejects.toEqual(conflict);
    }
    expect(await logged()).toHaveLength(1);
  });

  test("belongs to one workspace", async () => {
    const { publish, publisher } = setup();
    const here = await publish({}, key("k"));
    const other = { workspace: "other", event: { ...order, data: Buffer.from("1") } };
    const there = await publisher.publishEvent(other, { headers: key("k") });
    expect(there.id).not.toBe(here.id);
  });

  test("must be one in header and field", async () => {
    const { publish } = setup();
    await publish({ idempotencyKey: "k" }, key("k"));
    const differing = publish({ idempotencyKey: "other" }, key("k"));
    await expect(differing).rejects.toEqual(refusal("invalid", "event.idempotencyKey"));
  });

  test("must not be empty as a header", async () => {
    const { publish } = setup();
    await expect(publish({}, key(""))).rejects.toEqual(refusal("invalid", "idempotency-key"));
  });

  test("used by many at once gives them one event", async () => {
    const { publish } = setup();
    const events = await Promise.all(Array.from({ length: 50 }, () => publish({}, key("k"))));
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
  });

  test("claimed by a publish that never reached the log gives the retry its id", async () => {
    const { publish, logged } = setup();
    const broken = await startService({
      url: database.url,
      bus: { ...bus, publish: () => Promise.reject(new Error("killed before the append")) },
      subscription: service.subscription,
    });
    const dying = broken.publisher(service.subscription.addKey(`p${providerCount}`));
    const request = { workspace: "acme", event: { ...order, idempotencyKey: "k" } };
    await expect(dying.publishEvent(request)).rejects.toThrow();
    await broken.stop();
    const claimed = await database.db.selectFrom("idempotency_key").selectAll().execute();
    const event = await publish({ idempotencyKey: "k" });
    expect(claimed.map((row) => row.event_id)).toContain(idToUuid("evt", event.id));
    expect(await logged()).toMatchObject([{ eventId: event.id }]);
  });
});

describe("a batch", () => {
  test("is answered in its order and stands in the log in its order", async () => {
    const { batch, logged } = setup();
    const values = Array.from({ length: 100 }, (_, index) => ({ data: Buffer.from(`${index}`) }));
    const { events } = await batch(values);
    expect(events.map((event) => Buffer.from(event.data).toString())).toEqual(
      values.map((value) => value.data.toString()),
    );
    expect((await logged()).map(({ eventId }) => eventId)).toEqual(events.map(({ id }) => id));
  });

  test("with wrong events is refused as a whole, names them all, and claims nothing", async () => {
    const { batch, publish, logged } = setup();
    const wrong = batch([
      { idempotencyKey: "k" },
      { data: Buffer.from("{") },
      { type: "unknown" },
      { id: "evt_1" },
    ]);
    const fields = ["events[1].data", "events[2].type", "events[3].id"];
    await expect(wrong).rejects.toEqual(refusal("invalid", ...fields));
    await publish({ idempotencyKey: "k", data: Buffer.from("1") });
    expect(await logged()).toHaveLength(1);
  });

  test("with a key that has another body is refused as a whole and frees its other keys", async () => {
    const { batch, publish, logged } = setup();
    await publish({}, key("taken"));
    const other = { idempotencyKey: "taken", data: Buffer.from("1") };
    const conflict = refusal("conflict", "events[1].idempotencyKey");
    await expect(batch([{ idempotencyKey: "free" }, other])).rejects.toEqual(conflict);
    await publish({ idempotencyKey: "free", data: Buffer.from("2") });
    expect(await logged()).toHaveLength(2);
  });

  test("takes 4 MiB of data and no byte more", async () => {
    const { batch } = setup();
    const large = { data: Buffer.from(`"${"x".repeat(262_142)}"`) };
    const full = Array.from({ length: 16 }, () => large);
    expect((await batch(full)).events).toHaveLength(16);
    await expect(batch([...full, { data: Buffer.from("1") }])).rejects.toEqual(
      refusal("too_large", "events"),
    );
  });

  test.each([0, 101])("of %i events is refused", async (count) => {
    const { batch } = setup();
    const many = batch(Array.from({ length: count }, () => ({})));
    await expect(many).rejects.toEqual(refusal("invalid", "events"));
  });

  test("under a header gives the same events again, and refuses another batch", async () => {
    const { batch } = setup();
    const first = await batch([{}, {}], key("b"));
    expect(new Set(first.events.map(({ id }) => id)).size).toBe(2);
    expect(await batch([{}, {}], key("b"))).toEqual(first);
    const changed = batch([{}, { data: Buffer.from("1") }], key("b"));
    await expect(changed).rejects.toEqual(refusal("conflict", "events[1].idempotencyKey"));
  });
});

describe("the catalog", () => {
  test("has a type from the moment its creation was answered", async () => {
    const { name, publish } = setup();
    await publish({});
    service.subscription.setType(name, "order.paid");
    await publish({ type: "order.paid" });
  });

  test("is added to where the provider takes unknown types", async () => {
    const { provider, publish } = setup([]);
    provider.takesUnknownTypes = true;
    provider.revision += 1n;
    await publish({ type: "brand.new" });
    expect([...provider.types.keys()]).toEqual(["brand.new"]);
  });

  test("has types that only Posthorn publishes, also where unknown types are taken", async () => {
    const { provider, publish, batch, logged } = setup(["posthorn.webhook.failing"]);
    provider.reserved.add("posthorn.webhook.failing");
    provider.takesUnknownTypes = true;
    const ours = { type: "posthorn.webhook.failing" };
    await expect(publish(ours)).rejects.toEqual(refusal("invalid", "event.type"));
    await expect(batch([{}, ours])).rejects.toEqual(refusal("invalid", "events[1].type"));
    expect(await logged()).toEqual([]);
  });

  test("refuses data that does not meet the schema, and follows a change within a second", async () => {
    const { name, publish } = setup();
    service.subscription.setType(name, "strict", '{"type":"object","required":["id"]}');
    const strict = { type: "strict", data: Buffer.from("{}") };
    await expect(publish(strict)).rejects.toEqual(refusal("invalid", "event.data"));
    service.subscription.setType(name, "strict", "true");
    await eventually(() => publish(strict), { timeoutMs: 2_000 });
  });

  test("that is known goes on while subscription is down; the rest is unavailable", async () => {
    const subscription = service.subscription;
    const { publish } = setup();
    await publish({});
    subscription.isDown = true;
    const down = await Promise.allSettled([publish({}), publish({ type: "unknown" })]);
    subscription.isDown = false;
    expect(down).toMatchObject([
      { status: "fulfilled" },
      { status: "rejected", reason: { reason: "unavailable" } },
    ]);
  });
});

describe("when Postgres is gone", () => {
  test("a publish with a key is unavailable", async () => {
    const { name } = setup();
    const lost = await startService({
      url: "postgres://127.0.0.1:1/none",
      bus,
      subscription: service.subscription,
    });
    const publisher = lost.publisher(service.subscription.addKey(name));
    const event = { ...order, idempotencyKey: "k" };
    const publish = publisher.publishEvent({ workspace: "acme", event });
    await expect(publish).rejects.toEqual(refusal("unavailable"));
    await publisher.publishEvent({ workspace: "acme", event: order });
    await lost.stop();
  });
});
