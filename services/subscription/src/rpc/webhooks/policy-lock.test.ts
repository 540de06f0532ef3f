import { eventually } from "@posthorn/testkit";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const webhook = { url: "https://example.com/" };

/** Applies another policy, by hand, and only commits when told. */
async function changing(provider: string) {
  const client = new pg.Client({ connectionString: it.databaseUrl });
  await client.connect();
  await client.query("begin");
  await client.query("select from subscription.provider where name = $1 for update", [provider]);
  await client.query(
    `update subscription.provider set event_type_selection = 'EXACTLY_ONE',
      revision = nextval('subscription.provider_revision') where name = $1`,
    [provider],
  );
  return {
    async commit() {
      await client.query("commit");
      await client.end();
    },
  };
}

/** Waits until somebody waits for the provider's row. */
const someoneWaits = () =>
  eventually(async () => {
    const waiting = await it.query(
      `select from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    expect(waiting).toHaveLength(1);
  });

test("makes no webhook by a policy that ends before it is written", async () => {
  const { as, provider } = await it.tenant();
  const change = await changing(provider);
  const refused = refusalOf(as.webhooks.createWebhook({ workspace, webhook }));
  await someoneWaits();
  await change.commit();
  expect(await refused).toEqual({ reason: "invalid", fields: ["webhook.eventTypes"] });
  expect((await as.webhooks.listWebhooks({ workspace })).webhooks).toEqual([]);
});

test("changes no webhook by a policy that ends before it is written", async () => {
  const { as, provider } = await it.tenant("eventTypes: [{ name: a }]");
  const { id } = await as.webhooks.createWebhook({
    workspace,
    webhook: { ...webhook, eventTypes: ["a"] },
  });
  const change = await changing(provider);
  const update = { workspace, webhook: { id }, updateMask: { paths: ["event_types"] } };
  const refused = refusalOf(as.webhooks.updateWebhook(update));
  await someoneWaits();
  await change.commit();
  expect(await refused).toEqual({ reason: "invalid", fields: ["webhook.eventTypes"] });
});
