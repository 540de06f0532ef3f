import { readFileSync } from "node:fs";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { openPostgres } from "@posthorn/postgres";
import { Delivery_State, Delivery_Trigger } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { Replay_Filter } from "@posthorn/proto/posthorn/delivery/v1/replay";
import { idToUuid } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "./store/database.ts";
import { cancelExpired } from "./store/expiry.ts";
import { type DeliveryProcess, deliveryHarness } from "./testing/harness.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
type Answers = NonNullable<NonNullable<Parameters<typeof receiver>[0]>["answers"]>;
const { PENDING, HELD, SUCCEEDED, EXHAUSTED, CANCELED } = Delivery_State;
let harness: Harness;
let delivery: DeliveryProcess;
let postgres: ReturnType<typeof openPostgres<Database>>;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
  const options = { connectionCountMax: 2, applicationName: "test", searchPath: "delivery" };
  postgres = openPostgres<Database>({ url: harness.url, ...options });
});
afterAll(async () => {
  await postgres.close();
  await delivery.stop();
  await harness.close();
});

/** A webhook whose receiver answers as told, and its one delivery. */
async function setup(
  answers: Answers = [500],
  options: Partial<Parameters<Harness["subscription"]["addWebhook"]>[1]> = {},
) {
  const { subscription } = harness;
  const target = await receiver({ answers });
  const workspace = subscription.addWorkspace();
  const hook = { url: target.url, delaysMs: [60_000], ...options };
  const { id: webhook } = subscription.addWebhook(workspace, hook);
  const list = async () =>
    (await delivery.deliveries.listDeliveries({ workspace, pageSize: 10 })).deliveries;
  /** Waits until the newest delivery is shown in a state. */
  const becomes = (state: Delivery_State, stateReason = "", attemptCount?: number) =>
    eventually(async () => {
      const [newest] = await list();
      const wanted = { state, stateReason, ...(attemptCount !== undefined && { attemptCount }) };
      expect(newest).toMatchObject(wanted);
      return newest?.id ?? "";
    });
  return {
    ...{ target, workspace, webhook, becomes },
    publish: () => harness.publish(workspace, {}),
    /** One delivery that was tried once and waits. */
    async tried() {
      await harness.publish(workspace, {});
      return becomes(PENDING, "", 1);
    },
    pause: () => subscription.setState(workspace, webhook, "PAUSED"),
    resume: () => subscription.setState(workspace, webhook, "ACTIVE"),
    async replay() {
      const range = {
        after: timestampFromMs(Date.now() - 60_000),
        before: timestampFromMs(Date.now()),
      };
      const request = { workspace, webhook, filter: Replay_Filter.ALL, ...range };
      const replay = await delivery.replays.createReplay(request);
      await eventually(async () => {
        expect((await list())[0]?.trigger).toBe(Delivery_Trigger.REPLAY);
      });
      return replay.id;
    },
    /** What retention does when the bodies of the delivery's day are to go. */
    async expireBodies() {
      const webhookUuid = idToUuid("wh", webhook) ?? "";
      for (const { id, epoch } of await postgres.db.selectFrom("partition").selectAll().execute()) {
        const held = { partition: id, epoch };
        await cancelExpired(postgres.db, held, { webhookUuid, lastDay: "9999-12-31" });
      }
    },
  };
}

async function canceledByUser(scene: Awaited<ReturnType<typeof setup>>, id: string) {
  const { workspace } = scene;
  await delivery.deliveries.cancelDelivery({ workspace, delivery: id });
  await scene.becomes(CANCELED, "CANCELED_BY_USER");
}

async function replayCanceled(scene: Awaited<ReturnType<typeof setup>>, replay: string) {
  await delivery.replays.cancelReplay({ workspace: scene.workspace, replay });
  await scene.becomes(CANCELED, "REPLAY_CANCELED");
}

/** What ends stays as it ended: it cannot be canceled, and nothing is sent any more. */
async function isOver(scene: Awaited<ReturnType<typeof setup>>, id: string) {
  const sentCount = scene.target.requests.length;
  const key = { workspace: scene.workspace, delivery: id };
  await expect(delivery.deliveries.cancelDelivery(key)).rejects.toMatchObject({
    reason: "precondition",
  });
  scene.pause();
  scene.resume();
  expect((await delivery.deliveries.getDelivery(key)).nextAttemptTime).toBeUndefined();
  expect(scene.target.requests).toHaveLength(sentCount);
}

/** The arrows of docs/delivery-states.md, by name, and how each comes about. */
const arrows: Readonly<Record<string, () => Promise<unknown>>> = {
  async "[*] --> PENDING: fan-out / resend / replay"() {
    const scene = await setup(["hang"], { timeoutMs: 20_000, inFlightMax: 1 });
    await scene.publish();
    const id = await scene.becomes(PENDING, "", 0);
    await delivery.deliveries.resendDelivery({ workspace: scene.workspace, delivery: id });
    await scene.becomes(PENDING, "", 0);
    await scene.replay();
    await scene.becomes(PENDING, "", 0);
    await scene.target.close();
  },
  async "[*] --> SUCCEEDED: test succeeded"() {
    const { workspace, webhook, becomes } = await setup([200]);
    await delivery.tests.testWebhook({ workspace, webhook });
    await becomes(SUCCEEDED, "", 1);
  },
  async "[*] --> EXHAUSTED: test failed"() {
    const { workspace, webhook, becomes } = await setup([500]);
    await delivery.tests.testWebhook({ workspace, webhook });
    await becomes(EXHAUSTED, "", 1);
  },
  async "PENDING --> SUCCEEDED: succeeded (200 to 299)"() {
    const { publish, becomes } = await setup([299]);
    await publish();
    await becomes(SUCCEEDED, "", 1);
  },
  async "PENDING --> PENDING: retry (failed, a wait is left)"() {
    await (await setup([500])).tried();
  },
  async "PENDING --> EXHAUSTED: exhausted (failed, no wait is left)"() {
    const { publish, becomes } = await setup([500], { delaysMs: [10] });
    await publish();
    await becomes(EXHAUSTED, "", 2);
  },
  async "PENDING --> HELD: webhook paused or disabled"() {
    const { tried, pause, becomes } = await setup();
    await tried();
    pause();
    await becomes(HELD, "WEBHOOK_PAUSED", 1);
    const gone = await setup([410]);
    await gone.publish();
    await gone.becomes(HELD, "WEBHOOK_DISABLED", 1);
  },
  async "HELD --> PENDING: webhook active again"() {
    const { tried, pause, resume, becomes } = await setup();
    await tried();
    pause();
    await becomes(HELD, "WEBHOOK_PAUSED");
    resume();
    await becomes(PENDING, "", 1);
  },
  async "PENDING --> CANCELED: canceled by a user"() {
    const scene = await setup();
    await canceledByUser(scene, await scene.tried());
  },
  async "HELD --> CANCELED: canceled by a user"() {
    const scene = await setup();
    const id = await scene.tried();
    scene.pause();
    await canceledByUser(scene, id);
    const dropped = await setup();
    await dropped.tried();
    dropped.pause();
    await dropped.becomes(HELD, "WEBHOOK_PAUSED");
    harness.subscription.cancelHeld(dropped.workspace, dropped.webhook, "ACTIVE");
    await dropped.becomes(CANCELED, "CANCELED_BY_USER");
  },
  async "PENDING --> CANCELED: webhook or workspace deleted"() {
    const { workspace, webhook, tried, becomes } = await setup();
    await tried();
    harness.subscription.deleteWebhook(workspace, webhook);
    await becomes(CANCELED, "WEBHOOK_DELETED", 1);
  },
  async "HELD --> CANCELED: webhook or workspace deleted"() {
    const { workspace, webhook, tried, pause, becomes } = await setup();
    await tried();
    pause();
    await becomes(HELD, "WEBHOOK_PAUSED");
    harness.subscription.deleteWebhook(workspace, webhook);
    await becomes(CANCELED, "WEBHOOK_DELETED", 1);
  },
  async "PENDING --> CANCELED: replay canceled"() {
    const scene = await setup();
    await scene.tried();
    const replay = await scene.replay();
    await replayCanceled(scene, replay);
  },
  async "HELD --> CANCELED: replay canceled"() {
    const scene = await setup();
    await scene.tried();
    const replay = await scene.replay();
    scene.pause();
    await scene.becomes(HELD, "WEBHOOK_PAUSED");
    await replayCanceled(scene, replay);
  },
  async "PENDING --> CANCELED: parked (its result cannot be written)"() {
    const { publish, becomes } = await setup([200], { hasSecret: false });
    await publish();
    await becomes(CANCELED, "PARKED", 0);
  },
  async "PENDING --> CANCELED: its event's body has expired"() {
    const { tried, expireBodies, becomes } = await setup();
    await tried();
    await expireBodies();
    await becomes(CANCELED, "BODY_EXPIRED", 1);
  },
  async "HELD --> CANCELED: its event's body has expired"() {
    const { tried, pause, expireBodies, becomes } = await setup();
    await tried();
    pause();
    await becomes(HELD, "WEBHOOK_PAUSED");
    await expireBodies();
    await becomes(CANCELED, "BODY_EXPIRED", 1);
  },
  async "SUCCEEDED --> [*]"() {
    const scene = await setup([200]);
    await scene.publish();
    await isOver(scene, await scene.becomes(SUCCEEDED));
  },
  async "EXHAUSTED --> [*]"() {
    const scene = await setup([500], { delaysMs: [] });
    await scene.publish();
    await isOver(scene, await scene.becomes(EXHAUSTED));
  },
  async "CANCELED --> [*]"() {
    const scene = await setup();
    const id = await scene.tried();
    await canceledByUser(scene, id);
    await isOver(scene, id);
  },
};

it.each(Object.entries(arrows))("%s", async (_name, happens) => {
  await happens();
});

it("is all that docs/delivery-states.md shows", () => {
  const page = readFileSync(new URL("../../../docs/delivery-states.md", import.meta.url), "utf8");
  const [, diagram = ""] = page.split("```mermaid");
  const shown = [...diagram.matchAll(/^ {4}(\S+ --> .+)$/gm)].map(([, arrow]) => arrow);
  expect(shown).toEqual(Object.keys(arrows));
});
