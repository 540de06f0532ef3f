import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess, type Posthorn } from "../harness/posthorn.ts";

let posthorn: Posthorn;
let workspaceCount = 0;
beforeAll(async () => {
  posthorn = await oneProcess();
}, 120_000);
afterAll(() => posthorn?.stop());

/** A workspace with a webhook that gives up after one attempt. */
async function setup(answers: readonly number[] = [200]) {
  workspaceCount += 1;
  const w = `/v1/workspaces/replays-${workspaceCount}`;
  const target = await receiver({ answers });
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await posthorn.call(method, `${w}/${path}`, body);
    expect(answer.status, answer.text).toBeLessThan(300);
    return answer.body;
  };
  const addWebhook = async (url: string): Promise<string> =>
    (await ask("POST", "webhooks", { url, retryPolicy: { delays: [] } })).id;
  const publish = async (event: object = {}): Promise<string> =>
    (await ask("POST", "events", { type: "order.created", data: {}, ...event })).id;
  const listed = (query: string, count: number) =>
    eventually(async () => {
      const { deliveries } = await ask("GET", `deliveries?${query}`);
      expect(deliveries).toHaveLength(count);
      return deliveries as { id: string; event: string; trigger: string }[];
    });
  const completed = ({ id }: { id: string }, counts: object) =>
    eventually(
      async () => {
        const replay = await ask("GET", `replays/${id}`);
        expect(replay).toMatchObject({ state: "COMPLETED", ...counts });
        return replay;
      },
      { timeoutMs: 20_000 },
    );
  return {
    w,
    target,
    webhook: await addWebhook(target.url),
    ask,
    addWebhook,
    publish,
    listed,
    completed,
  };
}

const hourMs = 3_600_000;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

describe("after an outage", () => {
  it("what failed is replayed, paused, resumed, and listed", async () => {
    const { target, webhook, ask, publish, listed, completed } = await setup([500]);
    const failed = [await publish(), await publish()];
    await listed("state=EXHAUSTED", 2);
    target.answer(200);
    const replay = await ask("POST", "replays", {
      webhook,
      filter: "FAILED",
      after: inMs(-hourMs),
      perSecond: 0.5,
    });
    expect(replay).toMatchObject({ webhook, filter: "FAILED", perSecond: 0.5, state: "RUNNING" });
    const paused = await ask("POST", `replays/${replay.id}:pause`);
    expect(paused).toMatchObject({ state: "PAUSED", stateReason: "PAUSED_BY_USER" });
    expect(await ask("POST", `replays/${replay.id}:resume`)).toMatchObject({ state: "RUNNING" });
    await completed(replay, { matchedCount: 2, createdCount: 2, succeededCount: 2 });
    const sent = await listed("state=SUCCEEDED", 2);
    expect(new Set(sent.map(({ event }) => event))).toEqual(new Set(failed));
    expect(sent.map(({ trigger }) => trigger)).toEqual(["REPLAY", "REPLAY"]);
    expect(await ask("GET", `replays?webhook=${webhook}`)).toMatchObject({
      replays: [{ id: replay.id }],
      nextPageToken: "",
    });
  });

  it("what failed is recovered in short", async () => {
    const { target, webhook, ask, publish, listed, completed } = await setup([503]);
    await publish();
    await listed("state=EXHAUSTED", 1);
    target.answer(200);
    const replay = await ask("POST", `webhooks/${webhook}:recover`, { since: inMs(-hourMs) });
    await completed(replay, { succeededCount: 1 });
  });

  it("deliveries are sent again by what they were answered", async () => {
    const { target, ask, publish, listed, completed } = await setup([404, 500]);
    const first = await publish();
    await listed("statusCode=404", 1);
    await publish();
    await listed("state=EXHAUSTED", 2);
    target.answer(200);
    const replay = await ask("POST", "deliveries:resend", { state: "EXHAUSTED", statusCode: 404 });
    expect(replay).toMatchObject({
      filter: "DELIVERIES",
      deliveries: { state: "EXHAUSTED", statusCode: 404 },
    });
    await completed(replay, { matchedCount: 1, succeededCount: 1 });
    expect(await listed("state=SUCCEEDED", 1)).toMatchObject([{ event: first }]);
  });
});

it("a new webhook gets what was published before it", async () => {
  const { ask, addWebhook, publish, listed, completed } = await setup();
  const events = [await publish(), await publish()];
  await listed("state=SUCCEEDED", 2);
  const late = await receiver();
  const webhook = await addWebhook(late.url);
  const after = inMs(-hourMs);
  const replay = await ask("POST", "replays", { webhook, filter: "MISSING", after });
  await completed(replay, { matchedCount: 2, succeededCount: 2 });
  const requests = await late.next(2);
  expect(new Set(requests.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set(events));
});

it("a replay that is canceled makes no more deliveries", async () => {
  const { w, webhook, ask, publish, listed } = await setup();
  await publish();
  await publish();
  await listed("state=SUCCEEDED", 2);
  const asked = { webhook, filter: "ALL", after: inMs(-hourMs), perSecond: 0.01 };
  const replay = await ask("POST", "replays", asked);
  await listed("state=SUCCEEDED", 3);
  const canceled = await ask("POST", `replays/${replay.id}:cancel`);
  expect(canceled).toMatchObject({ state: "CANCELED", stateReason: "CANCELED_BY_USER" });
  const again = await posthorn.call("POST", `${w}/replays/${replay.id}:cancel`);
  expect(again.status).toBe(400);
  expect(again.text).toContain("CANCELED");
  expect(again.body.details).toMatchObject([{ reason: "PRECONDITION" }]);
});

describe("an event for later", () => {
  it("arrives at its time, and shows it", async () => {
    const { target, ask, publish } = await setup();
    const deliverTime = inMs(2000);
    const id = await publish({ deliverTime });
    const event = await ask("GET", `events/${id}`);
    expect(event).toMatchObject({
      deliverTime,
      deliveries: [{ state: "PENDING", nextAttemptTime: deliverTime, attemptCount: 0 }],
    });
    const [request] = await target.next();
    expect(request?.receivedAtMs).toBeGreaterThanOrEqual(Date.parse(deliverTime));
  });

  it("can be canceled before, and is refused beyond 14 days", async () => {
    const { w, ask, publish, listed } = await setup();
    await publish({ deliverTime: inMs(hourMs) });
    const [pending] = await listed("state=PENDING", 1);
    await ask("POST", `deliveries/${pending?.id}:cancel`);
    await listed("state=CANCELED", 1);
    const event = { type: "order.created", data: {}, deliverTime: inMs(15 * 24 * hourMs) };
    const refused = await posthorn.call("POST", `${w}/events`, event);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("event.deliverTime");
  });
});

it.each([
  [{ webhook: "wh_none" }, 404, "webhook"],
  [{ toWebhook: "wh_none" }, 404, "toWebhook"],
  [{ filter: "SOME" }, 400, "filter"],
  [{ after: inMs(hourMs) }, 400, "after"],
  [{ before: inMs(hourMs) }, 400, "before"],
  [{ after: inMs(-hourMs), before: inMs(-2 * hourMs) }, 400, "before"],
  [{ after: inMs(-31 * 24 * hourMs) }, 400, "after"],
  [{ perSecond: "fast" }, 400, "perSecond"],
  [{ until: inMs(0) }, 400, "until"],
])("a replay with %j is refused with %d, naming the field", async (wrong, status, field) => {
  const { w, webhook } = await setup();
  const body = { webhook, filter: "ALL", after: inMs(-hourMs), ...wrong };
  const refused = await posthorn.call("POST", `${w}/replays`, body);
  expect(refused.status, refused.text).toBe(status);
  expect(refused.text).toContain(`"field":"${field}"`);
});
