import { eventually, receiver, type Answer as ScriptedAnswers } from "@posthorn/testkit";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";

/** Everything that a user does, from outside, against one deployment. */
export function userStories(name: string, start: () => Promise<Posthorn>): void {
  describe(name, () => {
    let posthorn: Posthorn;
    let workspaceCount = 0;
    beforeAll(async () => {
      posthorn = await start();
    }, 120_000);
    afterAll(async () => {
      await posthorn?.stop();
    });

    /** A workspace of its own with a webhook to a receiver that answers as told. */
    async function setup(answers: readonly ScriptedAnswers[] = [200], webhook: object = {}) {
      workspaceCount += 1;
      const workspace = `story-${workspaceCount}`;
      const target = await receiver({ answers });
      const created = await addWebhook(workspace, target.url, webhook);
      return { workspace, target, webhook: created, w: `/v1/workspaces/${workspace}` };
    }

    async function addWebhook(workspace: string, url: string, webhook: object = {}) {
      const path = `/v1/workspaces/${workspace}/webhooks`;
      const answer = await posthorn.call("POST", path, { url, ...webhook });
      expect(answer.status, answer.text).toBe(200);
      return answer.body as { id: string; secret: string };
    }

    async function publish(workspace: string, event: object = {}, headers = {}) {
      const path = `/v1/workspaces/${workspace}/events`;
      const body = { type: "order.created", data: { orderId: "ord_1" }, ...event };
      const answer = await posthorn.call("POST", path, body, { headers });
      expect(answer.status, answer.text).toBe(202);
      return answer.body as { id: string };
    }

    async function deliveries(workspace: string, filter: string) {
      const answer = await posthorn.call("GET", `/v1/workspaces/${workspace}/deliveries?${filter}`);
      expect(answer.status, answer.text).toBe(200);
      return answer.body.deliveries as Record<string, unknown>[];
    }

    function deliveredAs(workspace: string, state: string, count = 1) {
      return eventually(
        async () => {
          const found = await deliveries(workspace, `state=${state}`);
          expect(found).toHaveLength(count);
          return found;
        },
        { timeoutMs: 20_000 },
      );
    }

    it("publishes an event that arrives signed, with its bytes, and is explained", async () => {
      const { workspace, target, webhook, w } = await setup();
      const data = '{"b": 123456789012345678901234567890, "a": "\\u00e9", "z": 1.50}';
      const path = `${w}/events`;
      const accepted = await posthorn.call("POST", path, `{"type":"order.created","data":${data}}`);
      expect(accepted.status, accepted.text).toBe(202);
      expect(accepted.text).toContain(data);
      const [request] = await target.next();
      expect(request?.body.toString()).toContain(`"data":${data}}`);
      const headers = { ...request?.headers };
      const body = request?.body.toString() ?? "";
      expect(() => new StandardWebhook(webhook.secret).verify(body, headers)).not.toThrow();
      expect(() => new SvixWebhook(webhook.secret).verify(body, headers)).not.toThrow();
      expect(() => new StandardWebhook(webhook.secret).verify(`${body} `, headers)).toThrow();
      const [delivery] = await deliveredAs(workspace, "SUCCEEDED");
      const attempts = await posthorn.call("GET", `${w}/deliveries/${delivery?.["id"]}/attempts`);
      expect(attempts.body.attempts).toMatchObject([
        {
          number: 1,
          outcome: "SUCCEEDED",
          statusCode: 200,
          requestHeaders: { "webhook-id": accepted.body.id },
        },
      ]);
      const event = await posthorn.call("GET", `${w}/events/${accepted.body.id}`);
      expect(event.text).toContain(data);
      expect(event.body.deliveries).toMatchObject([{ id: delivery?.["id"], state: "SUCCEEDED" }]);
    });

    it("can read an event right after its 202", async () => {
      const { workspace, w } = await setup();
      const { id } = await publish(workspace);
      expect((await posthorn.call("GET", `${w}/events/${id}`)).status).toBe(200);
    });

    it("fans out to three webhooks, and one that fails holds nobody up", async () => {
      const { workspace, target } = await setup([500], { retryPolicy: { delays: [] } });
      const good = await receiver();
      await addWebhook(workspace, good.url);
      await addWebhook(workspace, good.url, { eventTypes: ["order.*"] });
      await publish(workspace);
      await good.next(2);
      await target.next();
      await deliveredAs(workspace, "SUCCEEDED", 2);
      await deliveredAs(workspace, "EXHAUSTED");
    });

    it("retries, then succeeds, with the same id and body", async () => {
      const { workspace, target } = await setup([500, 200], { retryPolicy: { delays: ["0.2s"] } });
      await publish(workspace);
      const [first, second] = await target.next(2);
      expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
      expect(second?.body).toEqual(first?.body);
      const [delivery] = await deliveredAs(workspace, "SUCCEEDED");
      expect(delivery).toMatchObject({ attemptCount: 2, failureCount: 1 });
    });

    it("publishes once under an idempotency key, and refuses another body under it", async () => {
      const { workspace, target, w } = await setup();
      const key = { "idempotency-key": "order-1-created" };
      const first = await publish(workspace, {}, key);
      const again = await publish(workspace, {}, key);
      expect(again.id).toBe(first.id);
      const other = { type: "order.created", data: { orderId: "ord_2" } };
      const refused = await posthorn.call("POST", `${w}/events`, other, { headers: key });
      expect(refused.status, refused.text).toBe(409);
      await publish(workspace, { data: { orderId: "last" } });
      const requests = await target.next(2);
      const ids = new Set(requests.map(({ headers }) => headers["webhook-id"]));
      expect(ids.size).toBe(2);
      expect(target.requests).toHaveLength(2);
    });

    it("publishes a batch, all or none", async () => {
      const { workspace, target, w } = await setup();
      const good = { type: "order.created", data: {} };
      const bad = { type: "no.such.type", data: {} };
      const refused = await posthorn.call("POST", `${w}/events:batch`, { events: [good, bad] });
      expect(refused.status, refused.text).toBe(400);
      expect(refused.text).toContain("events[1].type");
      const accepted = await posthorn.call("POST", `${w}/events:batch`, {
        events: [good, good, good],
      });
      expect(accepted.status, accepted.text).toBe(202);
      const ids = accepted.body.events.map(({ id }: { id: string }) => id);
      const requests = await target.next(3);
      expect(new Set(requests.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set(ids));
      await deliveredAs(workspace, "SUCCEEDED", 3);
    });

    it("rotates a secret with overlap: old and new both verify", async () => {
      const { workspace, target, webhook, w } = await setup();
      const path = `${w}/webhooks/${webhook.id}:rotateSecret`;
      const rotated = await posthorn.call("POST", path, { overlap: "3600s" });
      expect(rotated.status, rotated.text).toBe(200);
      expect(rotated.body.secret).not.toBe(webhook.secret);
      await publish(workspace);
      const [request] = await target.next();
      const body = request?.body.toString() ?? "";
      const headers = { ...request?.headers };
      expect(() => new StandardWebhook(webhook.secret).verify(body, headers)).not.toThrow();
      expect(() => new StandardWebhook(rotated.body.secret).verify(body, headers)).not.toThrow();
    });

    it("rotates a secret at once: only the new one verifies", async () => {
      const { workspace, target, webhook, w } = await setup();
      const path = `${w}/webhooks/${webhook.id}:rotateSecret`;
      const rotated = await posthorn.call("POST", path, { overlap: "0s" });
      await publish(workspace);
      const [request] = await target.next();
      const body = request?.body.toString() ?? "";
      const headers = { ...request?.headers };
      expect(() => new StandardWebhook(webhook.secret).verify(body, headers)).toThrow();
      expect(() => new StandardWebhook(rotated.body.secret).verify(body, headers)).not.toThrow();
    });

    it("pauses: skips what is new, holds what was pending, and goes on when resumed", async () => {
      const { workspace, target, webhook, w } = await setup([500, 200], {
        retryPolicy: { delays: ["1s"] },
      });
      await publish(workspace);
      await target.next();
      await posthorn.call("PATCH", `${w}/webhooks/${webhook.id}`, { state: "PAUSED" });
      const { id } = await publish(workspace);
      const event = await posthorn.call("GET", `${w}/events/${id}`);
      expect(event.body).toMatchObject({
        skipped: [{ webhook: webhook.id, reason: "WEBHOOK_PAUSED" }],
      });
      await deliveredAs(workspace, "HELD");
      await posthorn.call("PATCH", `${w}/webhooks/${webhook.id}`, { state: "ACTIVE" });
      await deliveredAs(workspace, "SUCCEEDED");
      expect(target.requests).toHaveLength(2);
    });

    it("resumes and cancels what was held, in one change", async () => {
      const { webhook, w } = await setup();
      const path = `${w}/webhooks/${webhook.id}`;
      const early = await posthorn.call("PATCH", `${path}?cancelHeld=true`, { name: "x" });
      expect(early.status, early.text).toBe(400);
      expect(early.text).toContain("PRECONDITION");
      await posthorn.call("PATCH", path, { state: "PAUSED" });
      const held = await posthorn.call("PATCH", `${path}?cancelHeld=true`, {});
      expect(held, held.text).toMatchObject({ status: 200, body: { state: "PAUSED" } });
      const active = await posthorn.call("PATCH", `${path}?cancelHeld=true`, { state: "ACTIVE" });
      expect(active, active.text).toMatchObject({ status: 200, body: { state: "ACTIVE" } });
    });

    it("keeps how a webhook is sent to, and takes it back with null", async () => {
      const rules = { whenPaused: "HOLD", rateLimit: { perSecond: 2.5 }, ordered: true };
      const { webhook, w } = await setup([200], rules);
      expect(webhook).toMatchObject(rules);
      const path = `${w}/webhooks/${webhook.id}`;
      const slower = await posthorn.call("PATCH", path, { rateLimit: { perSecond: 0.5 } });
      expect(slower.body).toMatchObject({ ...rules, rateLimit: { perSecond: 0.5 } });
      const none = { whenPaused: null, rateLimit: null, ordered: false };
      const { body } = await posthorn.call("PATCH", path, none);
      expect(body).toMatchObject({ whenPaused: "SKIP", ordered: false });
      expect(body).not.toHaveProperty("rateLimit");
      expect((await posthorn.call("GET", path)).body).toEqual(body);
    });

    it("refuses a filter that can never come true, and says what was meant", async () => {
      const { webhook, w } = await setup([200], { eventTypes: ["order.created"] });
      const path = `${w}/webhooks/${webhook.id}`;
      const wrong = await posthorn.call("PATCH", path, { filter: "event.data.totl > 100.0" });
      expect(wrong.status, wrong.text).toBe(400);
      expect(wrong.body.details).toContainEqual(
        expect.objectContaining({
          fieldViolations: [
            expect.objectContaining({
              field: "webhook.filter",
              description: expect.stringContaining("did you mean total?"),
            }),
          ],
        }),
      );
      const filter = "event.data.total > 100.0";
      const right = await posthorn.call("PATCH", path, { filter });
      expect(right, right.text).toMatchObject({ status: 200, body: { filter } });
    });

    it("shows on a webhook how its receiver fares", async () => {
      const { workspace, webhook, w } = await setup([500, 500, 200], {
        retryPolicy: { delays: ["0.2s", "3600s"] },
      });
      const path = `${w}/webhooks/${webhook.id}`;
      const fares = (expected: object) =>
        eventually(async () => {
          const { body } = await posthorn.call("GET", path);
          expect(body).toMatchObject({ breaker: { state: "CLOSED" }, ...expected });
          return body;
        });
      expect(await fares({ consecutiveFailures: 0 })).not.toHaveProperty("lastFailureTime");
      await publish(workspace);
      const failing = await fares({ consecutiveFailures: 2 });
      expect(failing).not.toHaveProperty("lastSuccessTime");
      const [pending] = await deliveries(workspace, "state=PENDING");
      await posthorn.call("POST", `${w}/deliveries/${pending?.["id"]}:resend`);
      const { lastFailureTime } = failing;
      const shown = await fares({ consecutiveFailures: 0, lastFailureTime });
      expect(Date.parse(shown.lastSuccessTime)).toBeGreaterThan(Date.parse(lastFailureTime));
      const list = await posthorn.call("GET", `${w}/webhooks`);
      expect(list.body.webhooks).toEqual([shown]);
    });

    it("shows an edit to the very next event", async () => {
      const { workspace, target, webhook, w } = await setup();
      const next = await receiver();
      await posthorn.call("PATCH", `${w}/webhooks/${webhook.id}`, { url: next.url });
      await publish(workspace);
      await next.next();
      expect(target.requests).toHaveLength(0);
    });

    it("deletes a webhook: nothing more is sent and what was open is canceled", async () => {
      const { workspace, target, webhook, w } = await setup([500], {
        retryPolicy: { delays: ["3600s"] },
      });
      await publish(workspace);
      await target.next();
      const deleted = await posthorn.call("DELETE", `${w}/webhooks/${webhook.id}`);
      expect(deleted).toMatchObject({ status: 200, body: {} });
      const [delivery] = await deliveredAs(workspace, "CANCELED");
      expect(delivery).toMatchObject({ stateReason: "WEBHOOK_DELETED" });
      expect((await posthorn.call("GET", `${w}/webhooks/${webhook.id}`)).status).toBe(404);
    });

    it("disables a webhook whose receiver answers 410", async () => {
      const { workspace, webhook, w } = await setup([410]);
      await publish(workspace);
      await eventually(async () => {
        const answer = await posthorn.call("GET", `${w}/webhooks/${webhook.id}`);
        expect(answer.body).toMatchObject({ state: "DISABLED", disabledReason: "GONE" });
      });
      await deliveredAs(workspace, "HELD");
    });

    it("tells the provider's own webhook of one that was disabled", async () => {
      const operations = await receiver();
      const listening = await addWebhook("posthorn.operations", operations.url, {
        eventTypes: ["posthorn.webhook.*"],
      });
      const { workspace, webhook, target } = await setup([410]);
      await publish(workspace);
      const request = await eventually(() => {
        const about = operations.requests.find(({ body }) => body.includes(webhook.id));
        expect(about).toBeDefined();
        return about;
      });
      const headers = { ...request?.headers };
      const event = new StandardWebhook(listening.secret).verify(request?.body ?? "", headers);
      expect(event).toMatchObject({
        type: "posthorn.webhook.disabled",
        data: { webhook: webhook.id, reason: "GONE", urlHost: new URL(target.url).host },
      });
      const path = `/v1/workspaces/posthorn.operations/webhooks/${listening.id}`;
      expect((await posthorn.call("DELETE", path)).status).toBe(200);
    });

    it("tells of a connection that is made, and takes events that name it until it is deleted", async () => {
      const file = {
        name: "linked",
        eventTypes: [{ name: "connection.created" }, { name: "order.updated", hasPrevious: true }],
        connections: { required: true, createdEventType: "connection.created" },
      };
      const { adminKey } = posthorn;
      const applied = await posthorn.call("POST", "/v1/providers:apply", file, { key: adminKey });
      expect(applied.status, applied.text).toBe(200);
      const { operatorKey: key } = applied.body;
      const call = (method: string, path: string, body?: object) =>
        posthorn.call(method, `/v1/workspaces/acme/${path}`, body, { key });
      const target = await receiver();
      await call("POST", "webhooks", { url: target.url });
      const made = await call("POST", "connections", { integrationName: "shopify" });
      const [told] = await target.next();
      expect(JSON.parse(String(told?.body))).toMatchObject({
        type: "connection.created",
        data: { id: made.body.id, integration_name: "shopify" },
      });
      const event = {
        type: "order.updated",
        connection: made.body.id,
        data: { status: "paid" },
        previousData: { status: "open" },
      };
      const published = await call("POST", "events", event);
      expect(published.body.previousAttributes).toEqual({ status: "open" });
      await target.next();
      await eventually(async () => {
        const { body } = await call("GET", `deliveries?connection=${made.body.id}`);
        expect(body.deliveries).toHaveLength(2); // they arrive before they are written
      });
      await call("DELETE", `connections/${made.body.id}`);
      const refused = await call("POST", "events", event);
      expect(refused.status).toBe(400);
      expect(refused.body.message).toContain("is deleted");
    });

    it("never undercuts Retry-After, for the whole webhook", async () => {
      const { workspace, target } = await setup(
        [{ status: 503, headers: { "retry-after": "2" } }, 200],
        { retryPolicy: { delays: ["0.1s"] } },
      );
      await publish(workspace);
      const [first] = await target.next();
      await publish(workspace);
      const later = await target.next(2);
      for (const { receivedAtMs } of later) {
        expect(receivedAtMs - (first?.receivedAtMs ?? 0)).toBeGreaterThanOrEqual(1_990);
      }
    });

    it("times a dripping body out, by the webhook's own limit", async () => {
      const { workspace } = await setup(["drip"], { timeout: "1s", retryPolicy: { delays: [] } });
      await publish(workspace);
      const [delivery] = await deliveredAs(workspace, "EXHAUSTED");
      expect(delivery).toMatchObject({ lastAttempt: { outcome: "TIMEOUT" } });
    });

    it("says so when nobody listens", async () => {
      const { workspace, target } = await setup([200], { retryPolicy: { delays: [] } });
      await target.close();
      await publish(workspace);
      const [delivery] = await deliveredAs(workspace, "EXHAUSTED");
      expect(delivery).toMatchObject({ lastAttempt: { outcome: "CONNECT_ERROR" } });
    });

    it("tests a webhook and reports", async () => {
      const { target, webhook, w } = await setup([200, 500], { eventTypes: ["order.created"] });
      const path = `${w}/webhooks/${webhook.id}:test`;
      const good = await posthorn.call("POST", path);
      expect(good.status, good.text).toBe(200);
      expect(good.body).toMatchObject({ testsRun: 1, testsSucceeded: 1 });
      const bad = await posthorn.call("POST", path, { eventTypes: ["order.created"] });
      expect(bad.body).toMatchObject({ testsRun: 1, testsFailed: 1 });
      expect(bad.body.tests).toMatchObject([
        { eventType: "order.created", attempt: { statusCode: 500 } },
      ]);
      expect(target.requests).toHaveLength(2);
    });

    it("tests a webhook with the events that Posthorn publishes itself, as nobody else may", async () => {
      const { target, webhook, w } = await setup([200], { eventTypes: ["posthorn.webhook.*"] });
      const type = "posthorn.webhook.disabled";
      const path = `${w}/webhooks/${webhook.id}:test`;
      const tested = await posthorn.call("POST", path, { eventTypes: [type] });
      expect(tested.body, tested.text).toMatchObject({ testsRun: 1, testsSucceeded: 1 });
      const [request] = await target.next();
      const body = JSON.parse(request?.body.toString() ?? "");
      expect(body).toMatchObject({ type, data: { reason: "FAILING" } });
      const forged = await posthorn.call("POST", `${w}/events`, { type, data: {} });
      expect(forged.status, forged.text).toBe(400);
      expect(forged.text).toContain("event.type");
    });

    it("resends a delivery", async () => {
      const { workspace, target, w } = await setup();
      const { id } = await publish(workspace);
      const [delivery] = await deliveredAs(workspace, "SUCCEEDED");
      const resent = await posthorn.call("POST", `${w}/deliveries/${delivery?.["id"]}:resend`);
      expect(resent.status, resent.text).toBe(200);
      expect(resent.body).toMatchObject({ event: id, trigger: "RESEND" });
      const requests = await target.next(2);
      expect(requests.map(({ headers }) => headers["webhook-id"])).toEqual([id, id]);
    });

    it("streams attempts as newline-delimited JSON and as server-sent events", async () => {
      const { workspace, w } = await setup();
      const read = async (accept: string) => {
        const stop = new AbortController();
        const answer = await fetch(`${posthorn.url}${w}/attempts:watch`, {
          headers: { authorization: `Bearer ${posthorn.operatorKey}`, accept },
          signal: stop.signal,
        });
        const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
        return {
          type: answer.headers.get("content-type"),
          next: async () => String((await reader?.read())?.value),
          stop: () => stop.abort(),
        };
      };
      const lines = await read("application/x-ndjson");
      const events = await read("text/event-stream");
      const seen = Promise.all([lines.next(), events.next()]);
      let isSeen = false;
      void seen.then(() => {
        isSeen = true;
      });
      // The streams begin a moment after they were asked for.
      await eventually(async () => {
        await publish(workspace);
        expect(isSeen).toBe(true);
      });
      const [line, event] = await seen;
      expect(JSON.parse(line.split("\n")[0] ?? "")).toMatchObject({ statusCode: 200 });
      expect(event).toMatch(/data: .*"statusCode":200/);
      expect(events.type).toContain("text/event-stream");
      lines.stop();
      events.stop();
    });

    it("explains why a webhook got an event, and why another did not", async () => {
      const { workspace, target, webhook, w } = await setup([500], {
        retryPolicy: { delays: ["60s"] },
      });
      const filter = 'event.data.orderId == "ord_2"';
      const other = await addWebhook(workspace, target.url, { filter });
      const { id } = await publish(workspace);
      const path = `${w}/events/${id}:explain`;
      const explained = await eventually(async () => {
        const { body } = await posthorn.call("GET", `${path}?webhook=${webhook.id}`);
        expect(body.webhooks[0]).toMatchObject({ deliveries: [{ attemptCount: 1 }] });
        return body.webhooks[0];
      });
      const [delivery] = explained.deliveries;
      expect(explained).toMatchObject({
        verdict: "MATCHED",
        description: "it takes all event types",
      });
      expect(delivery.lastAttempt.verdict).toMatch(/^the receiver answered 500 .*tried again in/);
      expect(delivery.waitingFor).toMatchObject({
        reason: "RETRY",
        until: delivery.nextAttemptTime,
      });
      const all = await posthorn.call("GET", path);
      expect(all.body.webhooks).toMatchObject([
        { webhook: webhook.id, verdict: "MATCHED" },
        { webhook: other.id, verdict: "FILTERED", filter, description: "its filter said no" },
      ]);
      const unknown = await posthorn.call("GET", `${path}?webhook=wh_00000000000000000000000000`);
      expect(unknown.status).toBe(404);
    });

    it("shows by a dry run who would get an event, and the very request", async () => {
      const { workspace, target, webhook, w } = await setup([200], { eventTypes: ["order.*"] });
      const other = await addWebhook(workspace, target.url, { eventTypes: ["invoice.paid"] });
      const data = '{"b": 123456789012345678901234567890}';
      const path = `${w}/events:dryRun`;
      const answer = await posthorn.call("POST", path, `{"type":"order.created","data":${data}}`);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body).toMatchObject({
        deliveries: [
          {
            webhook: webhook.id,
            matchedBy: "order.*",
            request: {
              method: "POST",
              url: target.url,
              headers: { "content-type": "application/json", "webhook-signature": "***" },
              body: expect.stringContaining(`"data":${data}}`),
            },
          },
        ],
        misses: [{ webhook: other.id, verdict: "NOT_SUBSCRIBED" }],
      });
      const refused = await posthorn.call("POST", path, { type: "no.such.type", data: {} });
      expect(refused.status).toBe(400);
      expect(refused.text).toContain("event.type");
      expect((await posthorn.call("GET", `${w}/events`)).body.events).toEqual([]);
      expect(target.requests).toEqual([]);
    });

    it("counts what was sent, for webhook, workspace and provider", async () => {
      const { workspace, webhook, w } = await setup([500, 200], {
        retryPolicy: { delays: ["0.05s"] },
      });
      await publish(workspace);
      await deliveredAs(workspace, "SUCCEEDED");
      const counted = { attemptCount: "2", successCount: "1", successRate: 0.5 };
      for (const path of [`${w}/webhooks/${webhook.id}/stats`, `${w}/stats?granularity=HOUR`]) {
        const { status, text, body } = await posthorn.call("GET", path);
        expect(status, text).toBe(200);
        expect(body.total).toMatchObject({ ...counted, failures: { serverErrorCount: "1" } });
      }
      const { body } = await posthorn.call("GET", "/v1/stats");
      expect(Number(body.total.attemptCount)).toBeGreaterThanOrEqual(2);
      const refused = await posthorn.call("GET", `${w}/stats?after=2020-01-01T00:00:00Z`);
      expect(refused.status).toBe(400);
      expect(refused.text).toContain("at most 92 days back");
    });

    it("keeps workspaces apart: another's webhook, event and delivery are not found", async () => {
      const { workspace, webhook } = await setup();
      const { id } = await publish(workspace);
      const [delivery] = await deliveredAs(workspace, "SUCCEEDED");
      const other = await setup();
      const key = await posthorn.call("POST", "/v1/api-keys", {
        workspace: other.workspace,
        scopes: ["webhooks", "events:publish", "deliveries"],
      });
      const paths = [workspace, other.workspace].flatMap((name) => [
        `/v1/workspaces/${name}/webhooks/${webhook.id}`,
        `/v1/workspaces/${name}/events/${id}`,
        `/v1/workspaces/${name}/deliveries/${delivery?.["id"]}`,
        `/v1/workspaces/${name}/deliveries/${delivery?.["id"]}/attempts`,
      ]);
      for (const path of paths) {
        const answer = await posthorn.call("GET", path, undefined, { key: key.body.key });
        expect(answer.status, path).toBe(404);
      }
    });
  });
}
