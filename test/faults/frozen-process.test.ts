import { eventually, receiver } from "@posthorn/testkit";
import { Client } from "pg";
import { expect, it, onTestFinished } from "vitest";
import { separateProcesses } from "../harness/separate-processes.ts";

const eventCount = 60;
/** Beyond a lease of 15 s, and what it takes others to notice. */
const lapseMs = 60_000;

it("a process that is frozen past its lease sends nothing and writes nothing when it goes on", async () => {
  const env = { POSTHORN_INSTANCE: "first", POSTHORN_PARTITIONS: "1" };
  const posthorn = await separateProcesses({ log: "postgres", env });
  onTestFinished(() => posthorn.stop());
  const target = await receiver({ answers: [{ status: 200, delayMs: 200 }] });
  onTestFinished(() => target.close());
  const client = new Client({ connectionString: posthorn.databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  const owner = async () => {
    const { rows } = await client.query("select owner, epoch from delivery.partition");
    return rows[0];
  };
  const second = await posthorn.addDelivery({ POSTHORN_INSTANCE: "second" });
  const children = new Map([
    ["first", posthorn.delivery],
    ["second", second],
  ]);
  const hook = { url: target.url, inFlightMax: 1 };
  const created = await posthorn.call("POST", "/v1/workspaces/acme/webhooks", hook);
  expect(created.status).toBe(200);
  const events = Array.from({ length: eventCount }, (_, n) => ({
    type: "order.created",
    data: { n },
  }));
  const published = await posthorn.call("POST", "/v1/workspaces/acme/events:batch", { events });
  expect(published).toMatchObject({ status: 202 });
  await target.next(5);
  const { owner: frozen } = await owner();
  const delivery = children.get(frozen) ?? posthorn.delivery;

  process.kill(delivery.pid, "SIGSTOP");
  await eventually(
    async () => {
      const { owner: next } = await owner();
      expect(children.has(next) && next !== frozen).toBe(true);
    },
    { timeoutMs: lapseMs },
  );
  const sent = () => target.requests.map(({ body }) => JSON.parse(body.toString()).data.n);
  await eventually(() => expect(new Set(sent()).size).toBe(eventCount), { timeoutMs: lapseMs });
  const attempts = async () => {
    const { rows } = await client.query(
      "select delivery_id, number, started_at from delivery.attempt order by delivery_id, number",
    );
    return rows;
  };
  await eventually(async () => expect(await attempts()).toHaveLength(eventCount));
  const [before, sentBefore, ownerBefore] = [await attempts(), sent(), await owner()];

  process.kill(delivery.pid, "SIGCONT");
  await delivery.says("lost the lease of a partition");
  await delivery.end(); // lets it end what it thinks is under way
  expect(sent()).toEqual(sentBefore);
  expect(await attempts()).toEqual(before);
  // It is a member again and may be given the partition in order, but never under an epoch of old.
  expect(Number((await owner()).epoch)).toBeGreaterThanOrEqual(Number(ownerBefore.epoch));
  // What was under way when it froze came twice, and nothing else.
  expect(sentBefore.length).toBeLessThanOrEqual(eventCount + 1);
}, 240_000);
