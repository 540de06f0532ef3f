import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess, type Posthorn } from "../harness/posthorn.ts";

let posthorn: Posthorn;
let workspaceCount = 0;
beforeAll(async () => {
  posthorn = await oneProcess();
}, 120_000);
afterAll(async () => {
  await posthorn?.stop();
});

const shipped = "event.data.status in ['SHIPPED', 'DELIVERED']";

/** A workspace of its own, a receiver, and what a user does with them. */
async function setup() {
  workspaceCount += 1;
  const w = `/v1/workspaces/filters-${workspaceCount}`;
  const target = await receiver();
  const add = (webhook: object) =>
    posthorn.call("POST", `${w}/webhooks`, { url: target.url, ...webhook });
  return {
    target,
    add,
    async addOne(webhook: object): Promise<string> {
      const answer = await add(webhook);
      expect(answer.status, answer.text).toBe(200);
      return answer.body.id;
    },
    change: (webhook: string, body: object) =>
      posthorn.call("PATCH", `${w}/webhooks/${webhook}`, body),
    async publish(type: string, data: object): Promise<string> {
      const answer = await posthorn.call("POST", `${w}/events`, { type, data });
      expect(answer.status, answer.text).toBe(202);
      return answer.body.id;
    },
    async event(id: string) {
      const answer = await posthorn.call("GET", `${w}/events/${id}`);
      expect(answer.status, answer.text).toBe(200);
      return answer.body;
    },
    arrived: (ids: readonly string[]) =>
      eventually(() => {
        const got = target.requests.map(({ headers }) => headers["webhook-id"]);
        expect(got.toSorted()).toEqual(ids.toSorted());
      }),
  };
}

const type = "order.status.changed";

describe("a webhook with a filter", () => {
  it("gets what it says and nothing else, and the event tells what became of the rest", async () => {
    const { addOne, publish, event, arrived } = await setup();
    const webhook = await addOne({ eventTypes: [type], filter: shipped });
    const wanted = [
      await publish(type, { status: "SHIPPED" }),
      await publish(type, { status: "DELIVERED" }),
    ];
    const unwanted = await publish(type, { status: "PAID" });
    const otherType = await publish("invoice.paid", { amount: 1 });
    await arrived(wanted);
    expect(await event(unwanted)).toMatchObject({
      skipped: [{ webhook, reason: "FILTERED" }],
      skippedCount: 1,
    });
    expect((await event(otherType)).skipped ?? []).toEqual([]);
    await arrived(wanted);
  });

  it("that asks for what an event lacks gets nothing, and the event says why", async () => {
    const { addOne, publish, event, arrived } = await setup();
    const webhook = await addOne({ eventTypes: [type], filter: shipped });
    const patient = await addOne({ eventTypes: [type], filter: `!has(event.data.status)` });
    const id = await publish(type, { orderId: "ord_1" });
    await arrived([id]);
    const shown = await event(id);
    expect(shown.skipped).toEqual([{ webhook, reason: "FILTER_ERROR", detail: "no field status" }]);
    expect(shown.deliveries).toMatchObject([{ webhook: patient }]);
  });

  it("judges by all that an event is", async () => {
    const { addOne, publish, arrived } = await setup();
    await addOne({
      filter:
        "event.id.startsWith('evt_') && event.connection == '' && event.type.endsWith('.paid')" +
        " && event.time > timestamp('2020-01-01T00:00:00Z') && event.data.amount >= 100",
    });
    await publish("invoice.paid", { amount: 99 });
    await arrived([await publish("invoice.paid", { amount: 100 })]);
  });

  it("that is changed or taken away governs the very next event", async () => {
    const { addOne, change, publish, event, arrived } = await setup();
    const webhook = await addOne({ eventTypes: [type], filter: shipped });
    const first = await event(await publish(type, { status: "PAID" }));
    expect(first.skipped).toMatchObject([{ reason: "FILTERED" }]);
    const changed = await change(webhook, { filter: "event.data.status == 'PAID'" });
    expect(changed.body.filter).toBe("event.data.status == 'PAID'");
    const second = await publish(type, { status: "PAID" });
    await change(webhook, { filter: "" });
    const third = await publish(type, { status: "PLACED" });
    await arrived([second, third]);
  });
});

describe("a bad filter is a 400 that names the field:", () => {
  it.each([
    ["syntax", "event.data.status ==", "unexpected token: EOF (character 21)"],
    [
      "a slip in a field",
      "event.data.statsu == 'SHIPPED'",
      "event.data has no field statsu (character 12); did you mean status?",
    ],
    [
      "a slip in a function",
      "event.data.status.startWith('S')",
      "unknown function startWith (character 1); did you mean startsWith?",
    ],
    [
      "a field of another event type",
      "event.data.amount > 1",
      "event.data has no field amount (character 12)",
    ],
    ["no bool", "event.data.status", "the filter gives string, not bool (character 1)"],
    [
      "a pattern",
      "event.data.status.matches('(a+)+$')",
      "matches is not offered, since patterns can run for ever (character 1); did you mean startsWith, endsWith or contains?",
    ],
    [
      "loops three deep",
      "[1].all(a, [1].all(b, [1].all(c, true)))",
      "macros may be nested at most 2 deep (character 23)",
    ],
  ])("%s", async (_name, filter, description) => {
    const { add, addOne, change } = await setup();
    const refusal = {
      code: 3,
      details: expect.arrayContaining([
        expect.objectContaining({
          fieldViolations: [expect.objectContaining({ field: "webhook.filter", description })],
        }),
      ]),
    };
    const created = await add({ eventTypes: [type], filter });
    expect([created.status, created.body]).toEqual([400, expect.objectContaining(refusal)]);
    const webhook = await addOne({ eventTypes: [type], filter: shipped });
    const changed = await change(webhook, { filter });
    expect([changed.status, changed.body]).toEqual([400, expect.objectContaining(refusal)]);
  });

  it("is judged against the types of the webhook, each of which may have the field", async () => {
    const { addOne } = await setup();
    await addOne({ eventTypes: [type, "invoice.paid"], filter: "has(event.data.amount)" });
    await addOne({ eventTypes: ["invoice.*"], filter: "event.data.amount > 1" });
    await addOne({ filter: "event.data.total > 1" });
  });
});
