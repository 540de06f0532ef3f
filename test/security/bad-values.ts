import { beforeAll, describe, expect, it } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";
import { expectRefused, freeType, send, type Workspace, workspaceOf } from "./scene.ts";

const types = ["", "a".repeat(129), "user..created", ".a", "a b", "ü", "a/b", "user.created\n"];
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const fromNow = (ms: number) => new Date(Date.now() + ms).toISOString();

const times: readonly (readonly [row: string, time: () => string])[] = [
  ["B37 in the year 1", () => "0001-01-01T00:00:00Z"],
  ["B37 in the year 294277", () => "294277-01-01T00:00:00Z"],
  ["B37 infinity", () => "infinity"],
  ["B37 without a zone", () => "2026-01-31T12:00:00"],
  ["B37 as a number", () => "1767225600"],
  ["B38 more than 5 minutes ahead", () => fromNow(6 * minuteMs)],
];

const keys: readonly (readonly [row: string, key: string])[] = [
  ["B46 of 257 characters", "k".repeat(257)],
  ["B46 with NUL", "a\u0000b"],
  ["B46 with a newline", "a\nb"],
  ["B46 beyond ASCII", "ü"],
];

/** SQL, patterns of LIKE, and what escapes them. */
const hostile = ["' OR 1=1--", "%", "_", "\\", "'; drop table delivery.event; --"];

/** Values that are sound JSON and yet wrong. */
export function badValuesTable(start: () => Posthorn): void {
  describe("an event", () => {
    let at: Workspace;
    beforeAll(async () => {
      at = await workspaceOf(start());
    });
    const refused = (event: object) => at.leavesNothing(() => at.publish(event));

    it.each(types)("B35 of the type %j is refused", async (type) => {
      const answer = await refused({ type });
      expectRefused(answer, { status: 400, reason: "INVALID", field: "event.type" });
    });

    it("B36 of an unregistered type is refused", async () => {
      const answer = await refused({ type: "no.such" });
      const fieldReason = "unknown_event_type";
      expectRefused(answer, { status: 400, reason: "INVALID", field: "event.type", fieldReason });
    });

    it("B36 of a type that is Posthorn's own is refused", async () => {
      const answer = await refused({ type: "posthorn.webhook.disabled" });
      const fieldReason = "reserved_event_type";
      expectRefused(answer, { status: 400, reason: "INVALID", field: "event.type", fieldReason });
    });

    it.each(times)("%s is refused", async (_, time) => {
      const answer = await refused({ time: time() });
      expectRefused(answer, { status: 400, reason: "INVALID", field: "event.time" });
    });

    it("B38 of 29 days ago is taken", async () => {
      expect((await at.publish({ time: fromNow(-29 * dayMs) })).status).toBe(202);
    });

    it.each(keys)("%s in its idempotency key is refused", async (_, idempotencyKey) => {
      const answer = await refused({ idempotencyKey });
      const field = "event.idempotencyKey";
      expectRefused(answer, { status: 400, reason: "INVALID", field });
    });

    it.each(["", "k".repeat(257), "a\tb"])(
      "B46 under the key %j in a header is refused",
      async (key) => {
        const body = { type: freeType, data: 1 };
        const headers = { "idempotency-key": key };
        const answer = await at.leavesNothing(() =>
          send(start(), "POST", `${at.path}/events`, { body, headers }),
        );
        const field = "idempotency-key";
        expectRefused(answer, { status: 400, reason: "INVALID", field });
      },
    );

    it("with U+0000 in its ordering key is refused, and the process lives on", async () => {
      const answer = await refused({ orderingKey: "a\u0000b" });
      const [field, fieldReason] = ["event.orderingKey", "invalid_unicode"];
      expectRefused(answer, { status: 400, reason: "INVALID", field, fieldReason });
    });

    it.each(["id", "acceptTime", "workspace", "workspaceId", "tenant_id"])(
      "B57 may not bear %s",
      async (name) => {
        const value = name === "acceptTime" ? fromNow(0) : "ws_01h455vb4pex5vsknk084sn02q";
        const answer = await refused({ [name]: value });
        expectRefused(answer, { status: 400, reason: "INVALID", field: `event.${name}` });
      },
    );
  });

  describe("a webhook", () => {
    let posthorn: Posthorn;
    let at: Workspace;
    let webhook: { id: string };
    beforeAll(async () => {
      posthorn = start();
      at = await workspaceOf(posthorn);
      const body = { url: "https://example.com/hook" };
      webhook = (await send(posthorn, "POST", `${at.path}/webhooks`, { body })).body;
    });

    it.each([
      ["workspace", "other"],
      ["tenant_id", "other"],
      ["id", "wh_01h455vb4pex5vsknk084sn02q"],
      ["secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
      ["createTime", "2020-01-01T00:00:00Z"],
      ["created_at", "2020-01-01T00:00:00Z"],
      ["updateTime", "2020-01-01T00:00:00Z"],
      ["disabledReason", "GONE"],
      ["breaker", { state: "CLOSED" }],
      ["consecutiveFailures", 0],
      ["lastSuccessTime", "2020-01-01T00:00:00Z"],
      ["lastFailureTime", "2020-01-01T00:00:00Z"],
      ["publicKeys", ["whpk_x"]],
    ])("B58 may not be changed in %s", async (name, value) => {
      const path = `${at.path}/webhooks/${webhook.id}`;
      const answer = await at.leavesNothing(() =>
        send(posthorn, "PATCH", path, { body: { [name]: value } }),
      );
      expectRefused(answer, { status: 400, reason: "INVALID", field: `webhook.${name}` });
    });

    it.each([
      ["1,001 event types", { eventTypes: many(1_001) }, "webhook.eventTypes"],
      ["10,001 event types", { eventTypes: many(10_001) }, "webhook.eventTypes"],
      ["51 pieces of metadata", { metadata: Object.fromEntries(many(51).map((key) => [key, ""])) }],
      ["21 headers", { headers: Object.fromEntries(many(21).map((key) => [key, ""])) }],
      ["21 delays", { retryPolicy: { delays: many(21).map(() => "1s") } }],
      ["a name of 129 characters", { name: "n".repeat(129) }],
      ["an unknown state", { state: "OFF" }],
      ["the number of no state", { state: 99 }],
      ["the number of no way to pause", { whenPaused: 99 }, "webhook.whenPaused"],
      ["an unknown way to pause", { whenPaused: "DROP" }, "webhook.whenPaused"],
      ["a rate below 0.01", { rateLimit: { perSecond: 0.001 } }, "webhook.rateLimit.perSecond"],
      ["a rate over 10,000", { rateLimit: { perSecond: 10_001 } }, "webhook.rateLimit.perSecond"],
      ["a rate of none", { rateLimit: {} }, "webhook.rateLimit.perSecond"],
      ["no number as its rate", { rateLimit: { perSecond: "NaN" } }, "webhook.rateLimit.perSecond"],
      ["an endless rate", { rateLimit: { perSecond: "Infinity" } }, "webhook.rateLimit.perSecond"],
      ["a text as its order", { ordered: "yes" }, "webhook.ordered"],
      ["a filter of 4,097 characters", { filter: `'${"x".repeat(4_095)}'` }, "webhook.filter"],
      ["a filter with U+0000", { filter: "event.id == '\u0000'" }, "webhook.filter"],
      ["a list as its filter", { filter: ["event.id == ''"] }, "webhook.filter"],
      ["a filter that does not parse", { filter: "event.type ==" }, "webhook.filter"],
      ["a filter that is SQL", { filter: hostile[0] }, "webhook.filter"],
      ["a filter of an unknown field", { filter: "event.tpe == 'a'" }, "webhook.filter"],
      ["a filter that may run for ever", { filter: "event.type.matches('(a+)+')" }],
      ["a filter that is nested too deeply", { filter: `${"(".repeat(2_000)}true` }],
      ["a filter that gives no bool", { filter: "event.id" }, "webhook.filter"],
      ["15 days of retries", { retryPolicy: { delays: many(15).map(() => "86400s") } }],
    ])("B77 with %s is refused", async (_, more, field?: string) => {
      const body = { url: "https://example.com/hook", ...more };
      const answer = await at.leavesNothing(() =>
        send(posthorn, "POST", `${at.path}/webhooks`, { body }),
      );
      expectRefused(answer, { status: 400, reason: "INVALID", ...(field && { field }) });
    });

    it.each(["maybe", "1", "", "true&cancelHeld=true"])(
      "is not changed with cancelHeld=%s",
      async (text) => {
        const path = `${at.path}/webhooks/${webhook.id}?cancelHeld=${text}`;
        const answer = await at.leavesNothing(() =>
          send(posthorn, "PATCH", path, { body: { state: "PAUSED" } }),
        );
        expectRefused(answer, { status: 400, reason: "INVALID", field: "cancelHeld" });
      },
    );

    it("B52 keeps hostile text as plain text", async () => {
      const metadata = Object.fromEntries(hostile.map((text, index) => [`k${index}`, text]));
      const body = { url: "https://example.com/hook", name: hostile[0], metadata };
      const made = await send(posthorn, "POST", `${at.path}/webhooks`, { body });
      expect(made.status, made.text).toBe(200);
      const read = await send(posthorn, "GET", `${at.path}/webhooks/${made.body.id}`);
      expect(read.body).toMatchObject({ name: hostile[0], metadata });
    });
  });

  describe("a workspace that nobody has named yet", () => {
    const event = { type: freeType, data: {} };
    it.each([
      ["an event of an unknown type", "events", { ...event, type: "no.such" }],
      ["an event without data", "events", { type: freeType }],
      ["an event without an idempotency key", "events", event, { "idempotency-key": "" }],
      ["a batch with a bad event", "events:batch", { events: [event, { type: freeType }] }],
      ["a webhook with a bad URL", "webhooks", { url: "https://10.0.0.1/" }],
      ["a webhook with a secret", "webhooks", { url: "https://example.com/", secret: "x" }],
    ])("is not made by %s", async (_, name, body, headers: Record<string, string> = {}) => {
      const posthorn = start();
      const at = await workspaceOf(posthorn);
      const path = `/v1/workspaces/never-named/${name}`;
      const answer = await at.leavesNothing(() => send(posthorn, "POST", path, { body, headers }));
      expectRefused(answer, { status: 400, reason: "INVALID" });
    });
  });

  describe("a list", () => {
    let posthorn: Posthorn;
    let at: Workspace;
    beforeAll(async () => {
      posthorn = start();
      at = await workspaceOf(posthorn);
      for (let count = 0; count < 3; count += 1) await at.publish();
      const { id } = (await at.publish({ orderingKey: hostile[1] })).body;
      await send(posthorn, "GET", `${at.path}/events/${id}`);
    });
    const get = (path: string) => send(posthorn, "GET", path);

    const paged = ["0", "-1", "1e9", "abc", "", "251", "1.5", "99999999999999999999", "NaN"];
    it.each(paged)("B50 of the page size %j is refused, of every kind", async (size) => {
      for (const path of [
        ...lists,
        ...["webhooks", "events", "deliveries", "replays"].map((name) => `${at.path}/${name}`),
      ]) {
        const answer = await get(`${path}?pageSize=${size}`);
        expectRefused(answer, { status: 400, reason: "INVALID", field: "pageSize" });
      }
    });

    it.each(["sort=id%3Bdrop", "orderBy=id", "limit=1", "__proto__=1"])(
      "B51 with the parameter %s is refused",
      async (parameter) => {
        const answer = await get(`${at.path}/events?${parameter}`);
        const field = parameter.split("=")[0] ?? "";
        expectRefused(answer, { status: 400, reason: "INVALID", field });
      },
    );

    it.each(hostile)("B52 filtered by %j finds nothing", async (text) => {
      const encoded = encodeURIComponent(text);
      expect((await get(`${at.path}/events?type=${encoded}`)).body.events).toEqual([]);
      for (const name of ["eventType", "webhook", "event"]) {
        const { body } = await get(`${at.path}/deliveries?${name}=${encoded}`);
        expect(body.deliveries).toEqual([]);
      }
      expect((await get(`${at.path}/webhooks/${encoded}`)).status).toBe(404);
      expect((await get(`${at.path}/events/${encoded}`)).status).toBe(404);
      expect((await get(`/v1/event-types/${encoded}`)).status).toBe(404);
    });

    it("B49 goes on only with its own page token, unchanged", async () => {
      const other = await workspaceOf(posthorn);
      const first = await get(`${at.path}/events?pageSize=1`);
      const token: string = first.body.nextPageToken;
      expect(token).not.toBe("");
      const flipped = Buffer.from(token, "base64url");
      flipped.writeUInt8(flipped.readUInt8(3) ^ 1, 3);
      const wrong = [
        `${at.path}/events?pageToken=${token.slice(0, -1)}`,
        `${at.path}/events?pageToken=${flipped.toString("base64url")}`,
        `${at.path}/events?type=${freeType}&pageToken=${token}`,
        `${at.path}/deliveries?pageToken=${token}`,
        `${at.path}/webhooks?pageToken=${token}`,
        `${other.path}/events?pageToken=${token}`,
        `/v1/event-types?pageToken=${token}`,
        `${at.path}/events?pageToken=%00`,
      ];
      for (const path of wrong) {
        expectRefused(await get(path), { status: 400, reason: "INVALID", field: "pageToken" });
      }
      expect((await get(`${at.path}/events?pageToken=${token}`)).status).toBe(200);
    });
  });
}

const lists = ["/v1/workspaces", "/v1/event-types", "/v1/api-keys", "/v1/dead-letters"];

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `a${index}.*`);
}
