import { Code, ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { AppError } from "@posthorn/errors";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, keys, refusal, type Seen } from "../test/fixture.ts";
import { type RunningServer, runServer } from "../test/run-server.ts";
import { appClient } from "./client.ts";
import { localTransport } from "./local-transport.ts";
import { remoteTransport } from "./remote-transport.ts";

interface Opened {
  readonly transport: Transport;
  readonly seen: Seen;
  close(): Promise<void>;
}

function openLocal(): Opened {
  const { routes, interceptors, seen } = fixture();
  return { transport: localTransport(routes, { interceptors }), seen, close: async () => {} };
}

function openRouter(): Opened {
  const { routes, interceptors, seen } = fixture();
  const transport = createRouterTransport(routes, { router: { interceptors } });
  return { transport, seen, close: async () => {} };
}

function openServer(connect: (url: string) => Transport & { close?(): void }) {
  return async (): Promise<Opened> => {
    const served = fixture();
    const server: RunningServer = await runServer(served);
    const transport = connect(server.url);
    const close = async () => {
      transport.close?.();
      await server.stop();
    };
    return { transport, seen: served.seen, close };
  };
}

describe.each<[string, () => Opened | Promise<Opened>]>([
  ["local transport", openLocal],
  ["router transport", openRouter],
  ["Connect over HTTP/2", openServer((url) => remoteTransport({ url }))],
  ["gRPC over HTTP/2", openServer((url) => remoteTransport({ url, protocol: "grpc" }))],
  [
    "Connect with JSON over HTTP/1.1",
    openServer((baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
    ),
  ],
  [
    "gRPC-Web over HTTP/1.1",
    openServer((baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })),
  ],
])("%s", (_name, open) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  function setup(key: string = keys.operator) {
    const headers = { authorization: `Bearer ${key}`, "x-sent": "hello" };
    const publish = appClient(PublishService, opened.transport);
    const deliveries = appClient(DeliveryService, opened.transport);
    return { publish, deliveries, headers, seen: opened.seen };
  }

  /** A request whose handler does what the event type says. */
  function event(type: string, idempotencyKey = "") {
    const data = new TextEncoder().encode('{"n":123456789012345678901234567890}');
    return { workspace: "acme", event: { type, data, idempotencyKey } };
  }

  async function errorOf(call: Promise<unknown>): Promise<unknown> {
    return await call.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
    const all: T[] = [];
    for await (const message of messages) all.push(message);
    return all;
  }

  describe("a unary call", () => {
    test("is answered, with the workspace resolved", async () => {
      const { publish, headers } = setup();
      const request = event("echo");
      const answer = await publish.publishEvent(request, { headers });
      expect(answer).toMatchObject({ id: "evt_1", type: "echo" });
      expect(answer.orderingKey).toBe("key_operator ws_acme");
      expect(Buffer.from(answer.data)).toEqual(Buffer.from(request.event.data));
    });

    test("carries headers and trailers", async () => {
      const { publish, headers } = setup();
      const metadata = new Headers();
      const note = (more: Headers) => {
        for (const [header, value] of more) metadata.set(header, value);
      };
      await publish.publishEvent(event("echo"), { headers, onHeader: note, onTrailer: note });
      expect(metadata.get("x-seen")).toBe("hello");
      expect(metadata.get("x-method")).toBe("PublishEvent");
      expect(metadata.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    });

    test("is refused with reason, fields and retry time", async () => {
      const { publish, headers } = setup();
      const error = await errorOf(publish.publishEvent(event("refuse"), { headers }));
      expect(error).toBeInstanceOf(AppError);
      const { reason, message, fields, retryAfterMs } = refusal;
      expect(error).toMatchObject({ reason, message, fields, retryAfterMs });
    });

    test("tells nothing of a defect but the request id", async () => {
      const { publish, headers, seen } = setup();
      const withId = { ...headers, "x-request-id": "r-1" };
      const error = await errorOf(publish.publishEvent(event("defect"), { headers: withId }));
      expect(error).not.toBeInstanceOf(AppError);
      expect(error).toMatchObject({
        message:
          "posthorn.ingestion.v1.PublishService failed: [internal] internal error (request r-1)",
      });
      const line = seen.logLines.find((it) => it.includes('"r-1"'));
      expect(line).toContain("password is hunter2");
      expect(line).toContain('"level":"error"');
    });

    test("is refused with all fields that are wrong", async () => {
      const { publish, headers } = setup();
      const events = [{ type: "a" }, { type: "a b" }, { type: "a", orderingKey: "x".repeat(257) }];
      const call = publish.batchPublishEvents({ workspace: "a/b", events }, { headers });
      const error = await errorOf(call);
      expect(error).toMatchObject({ reason: "invalid" });
      expect(error instanceof AppError && error.fields.map(({ field }) => field)).toEqual([
        "workspace",
        "events[1].type",
        "events[2].orderingKey",
      ]);
    });

    test("ends at its deadline, even if the handler does not listen", async () => {
      const { publish, headers, seen } = setup();
      const call = publish.publishEvent(event("hang", "deadline"), { headers, timeoutMs: 50 });
      expect(await errorOf(call)).toMatchObject({ name: "AppError", reason: "deadline" });
      await expect.poll(() => seen.aborted.has("deadline")).toBe(true);
    });

    test("tells the handler of its deadline", async () => {
      const { publish, headers } = setup();
      const metadata = new Headers();
      const onHeader = (header: Headers) => {
        metadata.set("x-has-deadline", header.get("x-has-deadline") ?? "");
      };
      await publish.publishEvent(event("echo"), { headers, timeoutMs: 10_000, onHeader });
      expect(metadata.get("x-has-deadline")).toBe("true");
    });

    test("ends when it is canceled, even if the handler does not listen", async () => {
      const { publish, headers, seen } = setup();
      const canceling = new AbortController();
      const { signal } = canceling;
      const call = errorOf(publish.publishEvent(event("hang", "cancel"), { headers, signal }));
      setTimeout(() => canceling.abort(), 20);
      const error = await call;
      expect(error instanceof ConnectError && error.code).toBe(Code.Canceled);
      await expect.poll(() => seen.aborted.has("cancel")).toBe(true);
    });

    test("is not made when it is canceled before", async () => {
      const { publish, headers } = setup();
      const signal = AbortSignal.abort();
      const error = await errorOf(publish.publishEvent(event("echo"), { headers, signal }));
      expect(error instanceof ConnectError && error.code).toBe(Code.Canceled);
    });

    test("is refused without a key", async () => {
      const { publish } = setup();
      const error = await errorOf(publish.publishEvent(event("echo")));
      expect(error).toMatchObject({ name: "AppError", reason: "unauthenticated" });
    });

    test("fails for a method that nobody implements", async () => {
      const { publish, headers } = setup();
      const request = { workspace: "acme", events: [{ type: "a" }] };
      const error = await errorOf(publish.batchPublishEvents(request, { headers }));
      expect(error).not.toBeInstanceOf(AppError);
      expect(error).toMatchObject({ message: expect.stringContaining("[unimplemented]") });
    });
  });

  describe("a stream of requests", () => {
    async function* requests(...types: string[]) {
      for (const type of types) yield event(type);
    }

    test("is answered", async () => {
      const { publish, headers } = setup();
      const answer = await publish.streamPublishEvents(requests("a", "b", "c"), { headers });
      expect(answer.acceptedCount).toBe(3n);
    });

    test("is refused by one of its messages", async () => {
      const { publish, headers } = setup();
      const call = publish.streamPublishEvents(requests("a", "refuse", "c"), { headers });
      expect(await errorOf(call)).toMatchObject({ name: "AppError", reason: "limited" });
    });

    test("is checked message by message", async () => {
      const { publish, headers } = setup();
      const call = publish.streamPublishEvents(requests("a", "b c"), { headers });
      expect(await errorOf(call)).toMatchObject({
        reason: "invalid",
        fields: [{ field: "event.type" }],
      });
    });

    test("may name only workspaces that the key may use", async () => {
      const { publish, headers } = setup(keys.workspace);
      async function* foreign() {
        yield event("a");
        yield { ...event("a"), workspace: "globex" };
      }
      const call = publish.streamPublishEvents(foreign(), { headers });
      expect(await errorOf(call)).toMatchObject({
        reason: "not_found",
        message: "workspace globex was not found",
      });
    });

    test("ends when it is canceled", async () => {
      const { publish, headers } = setup();
      const canceling = new AbortController();
      async function* endless() {
        yield event("a");
        setTimeout(() => canceling.abort(), 20);
        await new Promise(() => {});
      }
      const { signal } = canceling;
      const error = await errorOf(publish.streamPublishEvents(endless(), { headers, signal }));
      expect(error instanceof ConnectError && error.code).toBe(Code.Canceled);
    });
  });

  describe("a stream of answers", () => {
    function watch(webhook: string) {
      return { workspace: "acme", webhook };
    }

    test("brings every message, headers and trailers", async () => {
      const { deliveries, headers } = setup(keys.reader);
      const metadata = new Headers();
      const note = (more: Headers) => {
        for (const [header, value] of more) metadata.set(header, value);
      };
      const options = { headers, onHeader: note, onTrailer: note };
      const attempts = await collect(deliveries.watchAttempts(watch(""), options));
      expect(attempts.map(({ id }) => id)).toEqual(["att_1", "att_2"]);
      expect(attempts[0]?.delivery).toBe("ws_acme");
      expect(metadata.get("x-seen")).toBe("hello");
      expect(metadata.get("x-method")).toBe("WatchAttempts");
    });

    test("ends with a refusal behind its messages", async () => {
      const { deliveries, headers } = setup();
      const ids: string[] = [];
      const reading = async () => {
        for await (const { id } of deliveries.watchAttempts(watch("refuse"), { headers })) {
          ids.push(id);
        }
      };
      const { reason, fields, retryAfterMs } = refusal;
      expect(await errorOf(reading())).toMatchObject({ reason, fields, retryAfterMs });
      expect(ids).toEqual(["att_1", "att_2"]);
    });

    test("tells nothing of a defect", async () => {
      const { deliveries, headers, seen } = setup();
      const error = await errorOf(collect(deliveries.watchAttempts(watch("defect"), { headers })));
      expect(error).toMatchObject({ message: expect.stringContaining("internal error (request") });
      expect(error).toMatchObject({ message: expect.not.stringContaining("hunter2") });
      expect(seen.logLines.some((line) => line.includes("hunter2"))).toBe(true);
    });

    test("is refused before its first message", async () => {
      const { deliveries, headers } = setup();
      const other = { workspace: "nowhere", webhook: "" };
      const error = await errorOf(collect(deliveries.watchAttempts(other, { headers })));
      expect(error).toMatchObject({ reason: "not_found" });
    });

    test("ends at its deadline, even if the handler does not listen", async () => {
      const { deliveries, headers, seen } = setup();
      const options = { headers, timeoutMs: 100 };
      const error = await errorOf(collect(deliveries.watchAttempts(watch("hang"), options)));
      expect(error).toMatchObject({ name: "AppError", reason: "deadline" });
      await expect.poll(() => seen.aborted.has("hang")).toBe(true);
    });

    test("ends when it is canceled, even if the handler does not listen", async () => {
      const { deliveries, headers, seen } = setup();
      seen.aborted.clear();
      const canceling = new AbortController();
      const options = { headers, signal: canceling.signal };
      const ids: string[] = [];
      const reading = async () => {
        for await (const { id } of deliveries.watchAttempts(watch("hang"), options)) {
          ids.push(id);
          setTimeout(() => canceling.abort(), 20);
        }
      };
      const error = await errorOf(reading());
      expect(error instanceof ConnectError && error.code).toBe(Code.Canceled);
      expect(ids).toEqual(["att_1", "att_2"]);
      await expect.poll(() => seen.aborted.has("hang")).toBe(true);
    });
  });
});
