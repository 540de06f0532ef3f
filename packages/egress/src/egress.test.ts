import { expect, test } from "vitest";
import { answerOf } from "../test/raw-receiver.ts";
import { receiver, sender } from "../test/setup.ts";

const body = Buffer.from("{}");

test("an open connection is used again", async () => {
  const { post } = sender();
  const target = await receiver((socket) => socket.write(answerOf(200, "ok")));
  for (let count = 0; count < 5; count++) await post(target.url);
  expect(target.connectionCount).toBe(1);
  expect(target.requests).toHaveLength(5);
});

test("no more connections are made to one origin than allowed, and none is shared meanwhile", async () => {
  const { post } = sender({ connectionsPerOriginMax: 3 });
  const target = await receiver((socket) => setImmediate(() => socket.write(answerOf(200, "ok"))));
  const results = await Promise.all(Array.from({ length: 30 }, () => post(target.url)));
  expect(results.map(({ outcome }) => outcome)).toEqual(Array(30).fill("SUCCEEDED"));
  expect(target.connectionCount).toBe(3);
});

test("waiting for a free connection counts towards the time-out", async () => {
  const { post } = sender({ connectionsPerOriginMax: 1 });
  const target = await receiver(() => {});
  const first = post(target.url, { timeoutMs: 300 });
  const second = await post(target.url, { timeoutMs: 100 });
  expect(second).toMatchObject({ outcome: "TIMEOUT", failure: "deadline" });
  expect(second.error).toBe("no full answer within 100 ms; no connection was free");
  expect(await first).toMatchObject({ outcome: "TIMEOUT" });
  expect(target.requests).toHaveLength(1);
});

test("a connection that the receiver closed while idle is replaced", async () => {
  const { post } = sender();
  const target = await receiver((socket) => socket.end(answerOf(200, "ok")));
  await post(target.url);
  await target.lastClosed();
  expect(await post(target.url)).toMatchObject({ outcome: "SUCCEEDED" });
  expect(target.connectionCount).toBe(2);
});

test("a POST that dies on a used connection is an error and never sent twice", async () => {
  const { post } = sender();
  const target = await receiver((socket, index) =>
    index === 0 ? socket.write(answerOf(200, "ok")) : socket.resetAndDestroy(),
  );
  await post(target.url);
  const result = await post(target.url);
  expect(result).toMatchObject({ outcome: "CONNECT_ERROR", failure: "reset_before_answer" });
  expect(target.requests).toHaveLength(2);
});

test("bytes that nobody asked for never become the next answer", async () => {
  const { post } = sender();
  const target = await receiver((socket, index) =>
    socket.write(
      index === 0 ? answerOf(200, "first") + answerOf(200, "smuggled") : answerOf(200, "second"),
    ),
  );
  const first = await post(target.url);
  const second = await post(target.url);
  expect(Buffer.from(first.responseBody).toString()).toBe("first");
  expect(Buffer.from(second.responseBody).toString()).not.toBe("smuggled");
});

test("a receiver that closes each connection at once is not dialled without end", async () => {
  const { post } = sender();
  const target = await receiver(() => {}, {
    onConnection: (socket) => socket.end("SSH-2.0-x\r\n"),
  });
  const result = await post(target.url);
  expect(["CONNECT_ERROR", "PROTOCOL_ERROR"]).toContain(result.outcome);
  expect(target.connectionCount).toBeLessThanOrEqual(2);
});

test("a signal gives up what is under way and cuts its connection", async () => {
  const { send } = sender();
  const stop = new AbortController();
  const target = await receiver(() => stop.abort(new Error("lease lost")));
  const request = { url: target.url, headers: {}, body, timeoutMs: 5_000, signal: stop.signal };
  const many = await Promise.allSettled([send(request), send(request), send(request)]);
  expect(many).toEqual(
    Array(3).fill({
      status: "rejected",
      reason: expect.objectContaining({ message: "lease lost" }),
    }),
  );
  await target.lastClosed();
  await expect(send(request)).rejects.toThrow("lease lost");
});

test.each([
  ["a framing header", { "Content-Length": "9" }, "it frames the message"],
  ["the host", { host: "evil.example" }, "it frames the message"],
  ["a line break in a value", { "x-a": "1\r\nhost: evil" }, "control characters"],
  ["a line break in a name", { "x-a\r\nhost": "1" }, "letters, digits and hyphens"],
  ["Latin-1", { "x-a": "é" }, "ASCII"],
])("%s is a defect of the caller", async (_name, headers: Record<string, string>, message) => {
  const { send } = sender();
  const target = await receiver(() => {});
  const request = { url: target.url, headers, body, timeoutMs: 1_000 };
  await expect(send(request)).rejects.toThrow(message);
  expect(target.connectionCount).toBe(0);
});

test("closing waits for what is under way and then lets go of every connection", async () => {
  const { post, close } = sender();
  const asked = Promise.withResolvers<() => void>();
  const target = await receiver((socket) => asked.resolve(() => socket.write(answerOf(200, "ok"))));
  const result = post(target.url);
  const answer = await asked.promise;
  const closed = close();
  answer();
  expect(await result).toMatchObject({ outcome: "SUCCEEDED" });
  await closed;
  await target.lastClosed();
  await expect(post(target.url)).rejects.toThrow(/closed|destroyed/);
});

test("an empty body is sent as such", async () => {
  const { send } = sender();
  const target = await receiver((socket) => socket.write(answerOf(200, "ok")));
  await send({ url: target.url, headers: {}, body: new Uint8Array(0), timeoutMs: 1_000 });
  expect(target.requests[0]).toContain("content-length: 0\r\n");
});

test("a large body arrives whole", async () => {
  const { send } = sender();
  const large = Buffer.alloc(1_000_000, "x");
  const received = { bytes: 0 };
  const target = await receiver(() => {}, {
    onConnection(socket) {
      socket.on("data", (chunk) => {
        received.bytes += chunk.length;
        const isWhole = received.bytes > large.length;
        socket.write(isWhole ? answerOf(200, "ok") : "");
      });
    },
  });
  const result = await send({ url: target.url, headers: {}, body: large, timeoutMs: 5_000 });
  expect(result).toMatchObject({ outcome: "SUCCEEDED" });
  expect(target.requests.join("")).toContain("content-length: 1000000");
});
