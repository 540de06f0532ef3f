import { createHmac } from "node:crypto";
import { eventually, type ReceivedRequest, type receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canRunPython } from "../../examples/python.ts";
import { expressHandler } from "../harness/express-handler.ts";
import { type Customer, type Hosted, hosted } from "../harness/hosted.ts";
import { readConformance } from "../harness/passages.ts";
import { runProgram } from "../harness/shell.ts";

const page = readConformance("trackelio/page.txt");
const post = { id: "post_1", title: "Dark mode", source: "widget", status: "open" };
const created = { type: "post.created", data: { ...post, created_at: "2026-03-02T09:30:00Z" } };
const comment = {
  type: "comment.created",
  data: { id: "c_1", post: { id: "post_1" }, body: "Yes.", created_at: "2026-03-02T09:31:00Z" },
};
const everything = { eventTypes: eventsOfPage().map(([name]) => name) };

let hosting: Hosted;
beforeAll(async () => {
  hosting = await hosted("trackelio");
}, 120_000);
afterAll(() => hosting?.stop());

const customer = () => hosting.customer("trackelio");
const signatureOf = (request: ReceivedRequest | undefined) =>
  request?.headers["x-trackelio-signature"] ?? "";
const digestOf = (body: Uint8Array, secret: string) =>
  createHmac("sha256", secret).update(body).digest("hex");
const jsonOf = (request: ReceivedRequest | undefined) => JSON.parse(String(request?.body));

/** The rows of the page's table of events. */
function eventsOfPage(): readonly (readonly [name: string, description: string])[] {
  const rows = page.matchAll(/^([a-z]+\.[a-z_]+) \| (.+) \|$/gm);
  return [...rows].map(([, name = "", description = ""]) => [name, description]);
}

/** A customer with a webhook for all events, whose receiver answers as told. */
async function setup(options: { answers?: Parameters<typeof receiver>[0]; webhook?: object } = {}) {
  const one = customer();
  const webhook = { ...everything, ...options.webhook };
  return { one, ...(await one.listen({ ...options.answers, webhook })) };
}

async function deliveriesOf(one: Customer, path: string, count: number, filter = "") {
  return await eventually(async () => {
    const { deliveries } = await one.ask("GET", `${path}/deliveries?${filter}`);
    expect(deliveries).toHaveLength(count);
    return deliveries;
  });
}

describe("Webhook events", () => {
  it("notifies of an event of its own workspace as it occurs, and of no other's", async () => {
    const { one, target } = await setup();
    const other = await setup();
    await one.publish(created);
    await other.one.publish(comment);
    expect(jsonOf((await target.next())[0]).type).toBe("post.created");
    expect(jsonOf((await other.target.next())[0]).type).toBe("comment.created");
    expect(target.requests).toHaveLength(1);
  });

  it("asks for URL, events and active, in that order and by the page's words", async () => {
    const key = hosting.operatorKey("trackelio");
    const { body } = await hosting.posthorn.call("GET", "/v1/provider", undefined, { key });
    expect(body.webhookFields).toMatchObject([
      { field: "url", label: "URL", required: true },
      { field: "eventTypes", label: "Events", required: true },
      { field: "state", label: "Active" },
    ]);
    const [url, events] = body.webhookFields;
    expect(page).toContain(`- URL — ${url.description}`);
    expect(page).toContain(`- Events — ${events.description}`);
  });

  it("sends POST requests to the URL", async () => {
    const { one, target } = await setup();
    await one.publish(created);
    expect(await target.next()).toMatchObject([{ method: "POST", path: "/hook" }]);
  });

  it("delivers the events that were selected, and no other", async () => {
    const { one, target } = await setup({ webhook: { eventTypes: ["comment.created"] } });
    await one.publish(created);
    await one.publish(comment);
    expect(jsonOf((await target.next())[0]).type).toBe("comment.created");
    expect(target.requests).toHaveLength(1);
  });

  it("refuses a webhook without URL, or without a word about events, naming the field", async () => {
    const one = customer();
    const drafts = [everything, { url: "https://example.com/" }];
    const answers = await Promise.all(drafts.map((draft) => one.call("POST", "/webhooks", draft)));
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
    expect(answers[0]?.text).toContain("webhook.url");
    expect(answers[1]?.text).toContain("webhook.eventTypes");
    expect((await one.call("GET", "/webhooks")).status).toBe(404); // No workspace was made for it.
  });

  it("is toggled: an inactive webhook gets nothing, an active one does", async () => {
    const { one, target, path } = await setup({ webhook: { state: "PAUSED" } });
    const { id } = await one.publish(created);
    expect(await one.skippedReason(id)).toBe("WEBHOOK_PAUSED");
    await one.ask("PATCH", path, { state: "ACTIVE" });
    await one.publish(comment);
    expect(jsonOf((await target.next())[0]).type).toBe("comment.created");
    expect(target.requests).toHaveLength(1);
  });

  it("saves the webhook, which is there when it is read again", async () => {
    const { one, target, webhook, path } = await setup();
    const { secret: _, ...saved } = webhook;
    expect(await one.ask("GET", path)).toMatchObject(saved);
    expect(saved).toMatchObject({ url: target.url, state: "ACTIVE", hasSecret: true });
  });

  it("generates a secret for each webhook", async () => {
    const { one, webhook } = await setup();
    const other = await one.listen({ webhook: everything });
    expect(webhook.secret).toMatch(/^whsec_.{32,}/);
    expect(other.webhook.secret).not.toBe(webhook.secret);
  });

  it("shows the secret in the answer to creation, and never again", async () => {
    const { one, webhook, path } = await setup();
    const [read, listed] = [await one.ask("GET", path), await one.ask("GET", "/webhooks")];
    const updated = await one.ask("PATCH", path, { name: "Board" });
    const secret = await one.call("GET", `${path}/secret`);
    expect(JSON.stringify([read, listed, updated, secret.body])).not.toContain(webhook.secret);
    expect(secret.status).toBe(400);
  });
});

describe("Events", () => {
  it("fires each of the seven events, each with its description word for word", async () => {
    const key = hosting.operatorKey("trackelio");
    const { body } = await hosting.posthorn.call("GET", "/v1/event-types", undefined, { key });
    const catalog = body.eventTypes.map((type: { name: string; description: string }) => [
      type.name,
      type.description,
    ]);
    expect(catalog.sort()).toEqual([...eventsOfPage()].sort());
    expect(catalog).toHaveLength(7);
    const { one, target } = await setup();
    for (const { name, example } of body.eventTypes) {
      await one.publish({ type: name, data: example });
    }
    const came = (await target.next(7)).map((request) => jsonOf(request));
    const sent = new Map(came.map(({ type, data }) => [type, data]));
    expect(sent.size).toBe(7);
    for (const { name, example } of body.eventTypes) expect(sent.get(name)).toEqual(example);
  });
});

describe("Delivery", () => {
  it("describes the event in a JSON payload of type, timestamp and data, byte for byte", async () => {
    const { one, target } = await setup();
    const data = `{"id": "post_1", "title": "\\u00e9", "votes": 1.50, "source": "widget", "status": "open", "created_at": "2026-03-02T09:30:00Z"}`;
    const time = "2026-03-02T09:30:00.250Z";
    await one.publish(`{"type": "post.created", "time": "${time}", "data": ${data}}`);
    const [request] = await target.next();
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Trackelio-Webhooks/1.0",
    });
    const body = `{"type":"post.created","timestamp":"${time}","data":${data}}`;
    expect(String(request?.body)).toBe(body);
  });

  it("logs each attempt with status code, answer and time, and the failures of the delivery", async () => {
    const { one, target, path } = await setup({
      answers: {
        answers: [
          { status: 503, body: "later" },
          { status: 200, body: "thanks" },
        ],
      },
      webhook: { retryPolicy: { delays: ["0.1s"] } },
    });
    await one.publish(created);
    const requests = await target.next(2);
    const [delivery] = await deliveriesOf(one, path, 1, "state=SUCCEEDED");
    expect(delivery).toMatchObject({ attemptCount: 2, failureCount: 1 });
    const { attempts } = await one.ask("GET", `/deliveries/${delivery.id}/attempts`);
    expect(attempts).toMatchObject([
      { statusCode: 503, responseBody: "later", responseTruncated: false },
      { statusCode: 200, responseBody: "thanks", responseTruncated: false },
    ]);
    const sentAtMs = attempts.map(({ startTime }: { startTime: string }) => Date.parse(startTime));
    const cameAtMs = requests.map(({ receivedAtMs }) => receivedAtMs);
    expect(Math.abs(sentAtMs[0] - (cameAtMs[0] ?? 0))).toBeLessThan(2_000);
    expect(sentAtMs[1]).toBeGreaterThan(sentAtMs[0]);
  });

  it("keeps 16 KiB of a large answer, and says that there was more", async () => {
    const answers = [{ status: 200, body: "x".repeat(100_000) }];
    const { one, path } = await setup({ answers: { answers } });
    await one.publish(created);
    const [delivery] = await deliveriesOf(one, path, 1, "state=SUCCEEDED");
    const { attempts } = await one.ask("GET", `/deliveries/${delivery.id}/attempts`);
    expect(attempts).toMatchObject([
      { responseBody: "x".repeat(16 * 1_024), responseTruncated: true },
    ]);
  });

  it("counts every answer but 2xx, and every timeout, as a failure", async () => {
    const { one, path } = await setup({
      answers: { answers: [302, 404, 500, "hang", 204] },
      webhook: { timeout: "1s", retryPolicy: { delays: ["0s", "0s", "0s", "0s"] } },
    });
    await one.publish(created);
    const [delivery] = await deliveriesOf(one, path, 1, "state=SUCCEEDED");
    expect(delivery).toMatchObject({ attemptCount: 5, failureCount: 4 });
    const { attempts } = await one.ask("GET", `/deliveries/${delivery.id}/attempts`);
    const outcomes = attempts.map(({ outcome }: { outcome: string }) => outcome);
    const failures = ["HTTP_ERROR", "HTTP_ERROR", "HTTP_ERROR", "TIMEOUT"];
    expect(outcomes).toEqual([...failures, "SUCCEEDED"]);
  });

  it("keeps the failure count beside the attempt count, also after a success", async () => {
    const { one, target, path } = await setup({
      answers: { answers: [500, 200, 500] },
      webhook: { retryPolicy: { delays: ["0s"] } },
    });
    await one.publish(created);
    await target.next(2);
    const [first] = await deliveriesOf(one, path, 1, "state=SUCCEEDED");
    await one.publish(comment);
    await target.next(2);
    const [second] = await deliveriesOf(one, path, 1, "state=EXHAUSTED");
    const again = await one.ask("GET", `/deliveries/${first.id}`);
    expect(again).toMatchObject({ attemptCount: 2, failureCount: 1 });
    expect(second).toMatchObject({ attemptCount: 2, failureCount: 2 });
  });

  it("lists the deliveries of one webhook, newest first", async () => {
    const { one, path } = await setup();
    await one.listen({ webhook: everything });
    const events = [await one.publish(created), await one.publish(comment)];
    const deliveries = await deliveriesOf(one, path, 2);
    const ids = deliveries.map(({ event }: { event: string }) => event);
    expect(ids).toEqual(events.map(({ id }) => id).reverse());
  });
});

describe("Signature verification", () => {
  it("signs every delivery: first attempts, retries, resends and tests", async () => {
    const { one, target, webhook, path } = await setup({
      answers: { answers: [500, 200] },
      webhook: { retryPolicy: { delays: ["0s"] } },
    });
    await one.publish(created);
    await target.next(2);
    const [delivery] = await deliveriesOf(one, path, 1, "state=SUCCEEDED");
    await one.ask("POST", `/deliveries/${delivery.id}:resend`, {});
    await target.next();
    await one.ask("POST", `${path}:test`, { eventTypes: ["post.created"] });
    await target.next();
    const right = target.requests.map(({ body }) => digestOf(body, webhook.secret));
    expect(target.requests.map(signatureOf)).toEqual(right);
    expect(right).toHaveLength(4);
  });

  it("has one header X-Trackelio-Signature of 64 lower-case hex digits, without a prefix", async () => {
    const { one, target } = await setup();
    await one.publish(created);
    const [request] = await target.next();
    expect(signatureOf(request)).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(request?.headers ?? {})).not.toContain("webhook-signature");
  });

  it("signs by HMAC-SHA256 of the raw body, with the whole text of the secret as the key", async () => {
    const { one, target, webhook } = await setup();
    await one.publish(created);
    const [request] = await target.next();
    expect(webhook.secret).toMatch(/^whsec_/);
    expect(signatureOf(request)).toBe(digestOf(request?.body ?? Buffer.of(), webhook.secret));
  });

  it("the page's Node handler takes our deliveries and answers 401 to a changed body", async () => {
    const { one, target, webhook, path } = await setup();
    await one.publish(created);
    const [request] = await target.next();
    const snippet = readConformance("trackelio/verify-signature.cjs");
    const handler = await expressHandler(snippet, { WEBHOOK_SECRET: webhook.secret });
    const url = `${handler.url}/webhooks/trackelio`;
    await one.ask("PATCH", path, { url });
    await one.publish(comment);
    const deliveries = await deliveriesOf(one, path, 2, "state=SUCCEEDED");
    const { attempts } = await one.ask("GET", `/deliveries/${deliveries[0].id}/attempts`);
    const changed = String(request?.body).replace("Dark mode", "Dark mood");
    const bodies = [String(request?.body), changed];
    const headers = {
      "content-type": "application/json",
      "x-trackelio-signature": signatureOf(request),
    };
    const answers = await Promise.all(
      bodies.map(async (body) => (await fetch(url, { method: "POST", headers, body })).status),
    );
    await handler.close();
    expect(attempts).toMatchObject([{ statusCode: 200, responseBody: "OK" }]);
    expect(handler.output()).toContain("Received event: comment.created");
    expect(answers).toEqual([200, 401]);
  });

  it.runIf(canRunPython())(
    "the page's Python function takes our deliveries and refuses a changed body",
    async () => {
      const { one, target, webhook } = await setup();
      await one.publish(created);
      const [request] = await target.next();
      const body = request?.body ?? Buffer.of();
      const changed = String(body).replace("Dark mode", "Dark mood");
      const verify = (raw: Uint8Array | string, secret: string) => {
        const call =
          "import sys; print(verify_signature(sys.stdin.buffer.read(), sys.argv[1], sys.argv[2]))";
        const code = `${readConformance("trackelio/verify_signature.py")}\n${call}`;
        return runProgram("python3", ["-c", code, secret, signatureOf(request)], raw);
      };
      expect(await verify(body, webhook.secret)).toBe("True\n");
      expect(await verify(changed, webhook.secret)).toBe("False\n");
      expect(await verify(body, `${webhook.secret}x`)).toBe("False\n");
    },
  );

  it("rotates at once: after the answer nothing is signed with the old secret, retries included", async () => {
    const { one, target, webhook, path } = await setup({
      answers: { answers: [500, 200] },
      webhook: { retryPolicy: { delays: ["5s"] } },
    });
    await one.publish(created);
    const [before] = await target.next();
    const { secret } = await one.ask("POST", `${path}:rotateSecret`, {});
    await one.publish(comment);
    const after = await target.next(2);
    expect(secret).not.toBe(webhook.secret);
    expect(signatureOf(before)).toBe(digestOf(before?.body ?? Buffer.of(), webhook.secret));
    expect(after.map(signatureOf)).toEqual(after.map(({ body }) => digestOf(body, secret)));
  });

  it("refuses a rotation with an overlap, naming the field", async () => {
    const { one, target, webhook, path } = await setup();
    const answer = await one.call("POST", `${path}:rotateSecret`, { overlap: "1s" });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("overlap");
    await one.publish(created);
    const [request] = await target.next();
    expect(signatureOf(request)).toBe(digestOf(request?.body ?? Buffer.of(), webhook.secret));
  });
});

describe("Best practices", () => {
  it("marks an event that is delivered more than once by one id", async () => {
    const { one, target, path } = await setup();
    const { id } = await one.publish(created);
    const [delivery] = await deliveriesOf(one, path, 1, "state=SUCCEEDED");
    await one.ask("POST", `/deliveries/${delivery.id}:resend`, {});
    const requests = await target.next(2);
    expect(requests.map(({ headers }) => headers["webhook-id"])).toEqual([id, id]);
  });

  it("finds failed deliveries, and sends them again", async () => {
    const { one, target, path } = await setup({
      answers: { answers: [500, 200] },
      webhook: { retryPolicy: { delays: [] } },
    });
    await one.publish(created);
    const [failed] = await deliveriesOf(one, path, 1, "state=EXHAUSTED");
    await one.ask("POST", `/deliveries/${failed.id}:resend`, {});
    await target.next(2);
    await deliveriesOf(one, path, 1, "state=SUCCEEDED");
  });
});
