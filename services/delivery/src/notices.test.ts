import { fromBinary } from "@bufbuild/protobuf";
import { outcomesTopic, partitionOf } from "@posthorn/bus";
import {
  type OutcomeRecord,
  OutcomeRecord_Kind,
  OutcomeRecordSchema,
} from "@posthorn/proto/posthorn/topics/v1/outcome_record";
import { idToUuid, logger } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
let harness: Harness;
let delivery: DeliveryProcess;
let client: Client;
const outcomes: OutcomeRecord[] = [];

let stopReading: () => Promise<void>;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start({ outcomes: "all" });
  client = new Client({ connectionString: harness.url });
  await client.connect();
  const stop = new AbortController();
  const ended = reader().run(stop.signal, () => {});
  stopReading = async () => {
    stop.abort();
    await ended;
  };
});
afterAll(async () => {
  await stopReading();
  await client.end();
  await delivery.stop();
  await harness.close();
});

/** Reads the outcomes as a consumer of the provider's would. */
function reader() {
  return harness.bus.consumer({
    topic: outcomesTopic,
    group: "test",
    batchRecordsMax: 100,
    log: logger({ name: "test", level: "silent" }),
    handler: {
      start: async () => 0n,
      async handle({ records, partition }) {
        for (const { value, key } of records) {
          const outcome = fromBinary(OutcomeRecordSchema, value);
          expect(Buffer.from(key ?? []).toString()).toBe(outcome.workspaceId);
          expect(partitionOf(outcome.workspaceId, 4)).toBe(partition);
          outcomes.push(outcome);
        }
        return (records.at(-1)?.offset ?? -1n) + 1n;
      },
    },
  });
}

/** A workspace with one webhook to a receiver that answers as told; tried again after these waits. */
async function setup(
  answers: NonNullable<NonNullable<Parameters<typeof receiver>[0]>["answers"]>,
  delaysMs: readonly number[] = [20],
) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const webhook = harness.subscription.addWebhook(workspace, { url: target.url, delaysMs });
  return {
    target,
    workspace,
    webhook,
    publish: async () => (await harness.publish(workspace, {}))[0] ?? "",
    /** Waits until there are so many outcomes of the workspace. */
    told: (count: number) =>
      eventually(() => {
        const own = outcomes.filter(({ workspaceId }) => workspaceId === workspace);
        expect(own).toHaveLength(count);
        return own;
      }),
    /** Sets back when the webhook began to fail, and when that was noticed. */
    age: (days: { failing: number; noticed?: number }) =>
      client.query(
        `update delivery.webhook_health set failing_since = now() - $2 * interval '1 day',
          noticed_at = now() - $3::float8 * interval '1 day' where webhook_id = $1`,
        [idToUuid("wh", webhook.id), days.failing, days.noticed],
      ),
  };
}

/** A webhook in the provider's workspace of operations; gives what it gets. */
async function listening(eventTypes: readonly string[], answers: readonly number[] = [200]) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace("posthorn.operations");
  const { id } = harness.subscription.addWebhook(workspace, {
    url: target.url,
    eventTypes,
    delaysMs: [],
  });
  onTestFinished(() => harness.subscription.deleteWebhook(workspace, id));
  const heard = async (count: number) => {
    const requests = await target.next(count);
    return requests.map(
      ({ body }) => JSON.parse(body.toString()) as { type: string; data: object },
    );
  };
  return { heard, target, workspace };
}

describe("outcomes", () => {
  it("tell of each delivery that succeeded, where that is asked for", async () => {
    const { publish, told, webhook } = await setup([500, 200]);
    const event = await publish();
    expect(await told(1)).toMatchObject([
      {
        kind: OutcomeRecord_Kind.SUCCEEDED,
        provider: "demo",
        webhookId: webhook.id,
        eventId: event,
        eventType: "order.created",
        attemptCount: 2,
        lastStatusCode: 200,
        reason: "",
      },
    ]);
  });

  it("tell of a delivery whose last attempt failed", async () => {
    const { publish, told, workspace } = await setup([503]);
    const event = await publish();
    const [outcome] = await told(1);
    expect(outcome).toMatchObject({
      kind: OutcomeRecord_Kind.EXHAUSTED,
      eventId: event,
      attemptCount: 2,
      lastStatusCode: 503,
    });
    const { deliveries } = await delivery.deliveries.listDeliveries({ workspace });
    expect(deliveries).toMatchObject([{ id: outcome?.deliveryId }]);
    expect(outcome?.outcomeId).toMatch(/^out_[0-9a-z]{26}$/);
  });

  it("do not tell of a delivery that was canceled while its last attempt was under way", async () => {
    const { publish, told, target, workspace } = await setup(
      [{ status: 500, delayMs: 500 }, { status: 500 }],
      [],
    );
    const event = await publish();
    const [shown] = await eventually(async () => {
      const { deliveries } = await delivery.deliveries.listDeliveries({ workspace });
      expect(deliveries).toHaveLength(1);
      return deliveries;
    });
    await delivery.deliveries.cancelDelivery({ workspace, delivery: shown?.id ?? "" });
    await target.next();
    await eventually(async () => {
      const canceled = await delivery.events.getEvent({ workspace, event });
      expect(canceled.deliveries).toMatchObject([{ attemptCount: 1 }]);
    });
    const other = await publish();
    expect((await told(1)).map(({ eventId }) => eventId)).toEqual([other]);
  });

  it("tell when a webhook is failing, disabled, and well again", async () => {
    const { publish, told, age, workspace, webhook } = await setup([500, 500, 500, 200], []);
    await publish();
    await told(1);
    await age({ failing: 3 });
    await publish();
    await told(3);
    await age({ failing: 5, noticed: 2 });
    await publish();
    const disabled = await told(5);
    harness.subscription.setState(workspace, webhook.id, "ACTIVE");
    await publish();
    const all = await told(7);
    const kinds = new Map(all.map((outcome) => [outcome.kind, outcome]));
    expect(kinds.get(OutcomeRecord_Kind.WEBHOOK_FAILING)).toMatchObject({
      webhookId: webhook.id,
      consecutiveFailures: 2,
      deliveryId: "",
    });
    expect(kinds.get(OutcomeRecord_Kind.WEBHOOK_DISABLED)).toMatchObject({ reason: "FAILING" });
    expect(kinds.get(OutcomeRecord_Kind.WEBHOOK_DISABLED)?.failingSince).toBeDefined();
    expect(kinds.get(OutcomeRecord_Kind.WEBHOOK_RECOVERED)).toBeDefined();
    expect(disabled).toHaveLength(5);
  });

  it("do not tell of a webhook that its user deleted before it could be disabled", async () => {
    const { target, workspace, webhook, publish } = await setup(
      [{ status: 410, delayMs: 300 }],
      [],
    );
    const event = await publish();
    await target.next();
    harness.subscription.deleteWebhook(workspace, webhook.id);
    await eventually(async () => {
      const { deliveries } = await delivery.events.getEvent({ workspace, event });
      expect(deliveries).toMatchObject([{ attemptCount: 1 }]);
    });
    await eventually(async () => expect(await noticeCount()).toBe(0));
    const own = outcomes.filter(({ workspaceId }) => workspaceId === workspace);
    expect(own.map(({ kind }) => kind)).not.toContain(OutcomeRecord_Kind.WEBHOOK_DISABLED);
  });

  it("wait while subscription is away, and come when it is back", async () => {
    const { publish, told, target } = await setup([{ status: 410, delayMs: 200 }]);
    await publish();
    await target.next();
    harness.subscription.state.isDown = true;
    const refused = harness.subscription.state.refusedCount;
    await eventually(() =>
      expect(harness.subscription.state.refusedCount).toBeGreaterThan(refused + 1),
    );
    expect(await noticeCount()).toBeGreaterThan(0);
    harness.subscription.state.isDown = false;
    expect(await told(1)).toMatchObject([
      { kind: OutcomeRecord_Kind.WEBHOOK_DISABLED, reason: "GONE" },
    ]);
    await eventually(async () => expect(await noticeCount()).toBe(0));
  });
});

describe("a provider that listens in its workspace of operations", () => {
  it("hears of a webhook that is failing, disabled, and well again", async () => {
    const { heard } = await listening(["posthorn.webhook.*"]);
    const { publish, told, age, workspace, webhook, target } = await setup(
      [500, 500, 500, 200],
      [],
    );
    const about = { workspace, webhook: webhook.id, urlHost: new URL(target.url).host };
    await publish();
    await told(1);
    await age({ failing: 3 });
    await publish();
    expect(await heard(1)).toMatchObject([
      { type: "posthorn.webhook.failing", data: { ...about, consecutiveFailures: 2 } },
    ]);
    await age({ failing: 5, noticed: 2 });
    await publish();
    expect(await heard(1)).toMatchObject([
      { type: "posthorn.webhook.disabled", data: { ...about, reason: "FAILING" } },
    ]);
    harness.subscription.setState(workspace, webhook.id, "ACTIVE");
    await publish();
    expect(await heard(1)).toMatchObject([{ type: "posthorn.webhook.recovered", data: about }]);
  });

  it("hears of a delivery whose last attempt failed", async () => {
    const { heard } = await listening(["posthorn.delivery.exhausted"]);
    const { publish, webhook } = await setup([500]);
    const event = await publish();
    expect(await heard(1)).toMatchObject([
      {
        type: "posthorn.delivery.exhausted",
        data: {
          webhook: webhook.id,
          event,
          eventType: "order.created",
          attemptCount: 2,
          lastStatusCode: 500,
        },
      },
    ]);
  });

  it("hears nothing of its own deliveries that fail, which would never end", async () => {
    const { heard, workspace } = await listening([], [500, 200]);
    const { publish, told } = await setup([500], []);
    await publish();
    await heard(1);
    await publish();
    await heard(1);
    await told(2);
    await eventually(async () => {
      const { events } = await delivery.events.listEvents({ workspace });
      expect(events).toHaveLength(2);
    });
    const own = outcomes.filter(({ workspaceId }) => workspaceId === workspace);
    expect(own.map(({ kind }) => kind)).toContain(OutcomeRecord_Kind.EXHAUSTED);
  });

  it("is told nothing that none of its webhooks wants", async () => {
    const { workspace } = await listening(["posthorn.webhook.disabled"]);
    const { publish, told } = await setup([500], []);
    await publish();
    await told(1);
    await eventually(async () => expect(await noticeCount()).toBe(0));
    expect((await delivery.events.listEvents({ workspace })).events).toEqual([]);
  });

  it("hears once of what was published twice, as outcomes say by their id that they are", async () => {
    const { heard, workspace: operations } = await listening(["posthorn.webhook.disabled"]);
    const { publish, workspace } = await setup([410]);
    await client.query(`create function delivery.refuse() returns trigger language plpgsql
      as $$ begin raise exception 'starting up' using errcode = '57P03'; end $$`);
    await client.query(`create trigger refuse before delete on delivery.notice
      for each statement execute function delivery.refuse()`);
    await publish();
    const own = () => outcomes.filter(({ workspaceId }) => workspaceId === workspace);
    await eventually(() => expect(own().length).toBeGreaterThan(1));
    await client.query("drop trigger refuse on delivery.notice");
    await eventually(async () => expect(await noticeCount()).toBe(0));
    expect(new Set(own().map(({ outcomeId }) => outcomeId)).size).toBe(1);
    await heard(1);
    const { events } = await delivery.events.listEvents({ workspace: operations });
    expect(events).toHaveLength(1);
  });
});

it("what a process could not tell any more, the next owner tells", async () => {
  const own = await deliveryHarness();
  const target = await receiver({ answers: [{ status: 410, delayMs: 200 }] });
  const workspace = own.subscription.addWorkspace();
  const { id } = own.subscription.addWebhook(workspace, { url: target.url });
  const first = await own.start();
  await own.publish(workspace, {});
  await target.next();
  own.subscription.state.isDown = true;
  const refused = own.subscription.state.refusedCount;
  await eventually(() => expect(own.subscription.state.refusedCount).toBeGreaterThan(refused));
  await first.stop();
  own.subscription.state.isDown = false;
  expect(own.subscription.stateOf(workspace, id)).toBe("ACTIVE");
  const second = await own.start();
  await eventually(() => expect(own.subscription.stateOf(workspace, id)).toBe("DISABLED"));
  await second.stop();
  await own.close();
});

async function noticeCount(): Promise<number> {
  const query = "select count(*)::integer as count from delivery.notice";
  const { rows } = await client.query<{ count: number }>(query);
  return rows[0]?.count ?? 0;
}
