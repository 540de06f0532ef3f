import { brotliCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Answer, answerOf } from "../test/raw-receiver.ts";
import { receiver, sender } from "../test/setup.ts";

async function postTo(answer: Answer, timeoutMs = 5_000) {
  const { post } = sender();
  const { url, requests } = await receiver(answer);
  const result = await post(url, { timeoutMs });
  return { result, requests };
}

test("a POST arrives with its headers, its bytes and nothing that it should not hold", async () => {
  const { post } = sender();
  const { url, requests, port } = await receiver((socket) => socket.write(answerOf(200, "ok")));
  await post(`${url}?a=b`, { headers: { "X-Custom": "1" } });
  expect(requests).toEqual([
    [
      "POST /hook?a=b HTTP/1.1",
      `host: 127.0.0.1:${port}`,
      "connection: keep-alive",
      "content-type: application/json",
      "X-Custom: 1",
      "content-length: 2",
      "",
      "{}",
    ].join("\r\n"),
  ]);
});

test.each([
  [200, "SUCCEEDED"],
  [204, "SUCCEEDED"],
  [299, "SUCCEEDED"],
  [300, "HTTP_ERROR"],
  [304, "HTTP_ERROR"],
  [400, "HTTP_ERROR"],
  [410, "HTTP_ERROR"],
  [429, "HTTP_ERROR"],
  [500, "HTTP_ERROR"],
  [599, "HTTP_ERROR"],
])("status %d is %s", async (status, outcome) => {
  const { result } = await postTo((socket) => socket.write(answerOf(status, "")));
  expect(result).toMatchObject({ outcome, statusCode: status, error: "" });
});

test("a full answer is told in full", async () => {
  const { result } = await postTo((socket) =>
    socket.write(answerOf(201, "done", ["X-One: 1", "x-two: a", "X-Two: b"])),
  );
  expect(result).toEqual({
    outcome: "SUCCEEDED",
    statusCode: 201,
    responseHeaders: { "content-length": "4", "x-one": "1", "x-two": "a, b" },
    responseBody: new Uint8Array(Buffer.from("done")),
    responseTruncated: false,
    remoteAddress: "127.0.0.1",
    timings: { connectMs: expect.any(Number), firstByteMs: expect.any(Number) },
    durationMs: expect.any(Number),
    error: "",
  });
});

test("a redirect is never followed", async () => {
  const elsewhere = await receiver((socket) => socket.write(answerOf(200, "")));
  const { result } = await postTo((socket) =>
    socket.write(answerOf(307, "", [`location: ${elsewhere.url}`])),
  );
  expect(result).toMatchObject({ outcome: "HTTP_ERROR", statusCode: 307 });
  expect(elsewhere.connectionCount).toBe(0);
});

test("a compressed body stays as it came, and none is asked for", async () => {
  const bomb = brotliCompressSync(Buffer.alloc(10_000_000));
  const { result, requests } = await postTo((socket) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: ${bomb.length}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), bomb]));
  });
  expect(result.responseBody).toEqual(new Uint8Array(bomb));
  expect(requests[0]).not.toMatch(/accept-encoding/i);
});

test("R12: bytes that are no text are kept as they came", async () => {
  const body = Buffer.from([0, 0xff, 0xfe, 0x1b, 0x5b, 0x33, 0x31, 0x6d, 0xc3, 0x28]);
  const { result } = await postTo((socket) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), body, Buffer.alloc(0)]));
  });
  expect(result).toMatchObject({ outcome: "SUCCEEDED", responseBody: new Uint8Array(body) });
});

test("R13: 410 is told as it is", async () => {
  const { result } = await postTo((socket) => socket.write(answerOf(410, "gone")));
  expect(result).toMatchObject({ outcome: "HTTP_ERROR", statusCode: 410 });
});

test("a body that ends with its connection is whole", async () => {
  const { result } = await postTo((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nall of it"));
  expect(Buffer.from(result.responseBody).toString()).toBe("all of it");
  expect(result.outcome).toBe("SUCCEEDED");
});

describe("a long body", () => {
  test.each([
    [16_384, false],
    [16_385, true],
    [60_000, true],
  ])("of %d bytes is kept up to 16 KiB", async (length, responseTruncated) => {
    const { result } = await postTo((socket) => socket.write(answerOf(200, "x".repeat(length))));
    expect(result).toMatchObject({ outcome: "SUCCEEDED", responseTruncated, error: "" });
    expect(result.responseBody).toHaveLength(16_384);
  });

  test("leaves its connection usable when it is not too long", async () => {
    const { post } = sender();
    const target = await receiver((socket) => socket.write(answerOf(200, "x".repeat(60_000))));
    await post(target.url);
    await post(target.url);
    expect(target.connectionCount).toBe(1);
  });

  test("that never ends is cut and its connection closed", async () => {
    const { post } = sender();
    const target = await receiver((socket) => {
      socket.write("HTTP/1.1 500 X\r\n\r\n");
      const flood = () => {
        while (!socket.destroyed && socket.write("x".repeat(16_384)));
      };
      socket.on("drain", flood);
      flood();
    });
    const result = await post(target.url);
    expect(result).toMatchObject({
      outcome: "HTTP_ERROR",
      statusCode: 500,
      responseTruncated: true,
    });
    expect(result.responseBody).toHaveLength(16_384);
    await target.lastClosed();
  });

  test("that drips after the kept part ends with its status when time is up", async () => {
    const { result } = await postTo((socket) => {
      socket.write(`HTTP/1.1 200 X\r\ncontent-length: 20000\r\n\r\n${"x".repeat(16_400)}`);
    }, 200);
    expect(result).toMatchObject({ outcome: "SUCCEEDED", responseTruncated: true });
  });
});

describe("informational answers", () => {
  test("are skipped", async () => {
    const { result } = await postTo((socket) => {
      socket.write(
        `HTTP/1.1 103 Early\r\nlink: a\r\n\r\nHTTP/1.1 102 P\r\n\r\n${answerOf(200, "")}`,
      );
    });
    expect(result).toMatchObject({ outcome: "SUCCEEDED", statusCode: 200 });
    expect(result.responseHeaders).toEqual({ "content-length": "0" });
  });

  test.each([
    ["without end", "HTTP/1.1 103 Early\r\n\r\n".repeat(17), "too_many_informational"],
    ["to continue, which was not asked", "HTTP/1.1 100 Continue\r\n\r\n", "unexpected_answer"],
    [
      "to switch, which was not asked",
      "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
      "unexpected_answer",
    ],
  ])("%s are refused", async (_name, answer, failure) => {
    const { result } = await postTo((socket) => socket.write(answer));
    expect(result).toMatchObject({ outcome: "PROTOCOL_ERROR", failure, statusCode: 0 });
  });
});

describe("R10: what breaks the protocol is told apart", () => {
  const rows: readonly (readonly [string, Answer, string, string])[] = [
    ["RST before the head", (s) => s.resetAndDestroy(), "CONNECT_ERROR", "reset_before_answer"],
    ["FIN before the head", (s) => s.end(), "CONNECT_ERROR", "closed_before_answer"],
    ["FIN in the head", (s) => s.end("HTTP/1.1 200 OK\r\nx-a"), "PROTOCOL_ERROR", "closed_in_head"],
    ["FIN in the status", (s) => s.end("HTTP/1"), "PROTOCOL_ERROR", "closed_in_head"],
    [
      "FIN in the body",
      (s) => s.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"),
      "PROTOCOL_ERROR",
      "closed_in_body",
    ],
    [
      "FIN in a chunk",
      (s) => s.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf"),
      "PROTOCOL_ERROR",
      "closed_in_body",
    ],
    [
      "a chunk size that is none",
      (s) => s.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
      "PROTOCOL_ERROR",
      "bad_body",
    ],
    ["an SSH banner", (s) => s.end("SSH-2.0-OpenSSH_9.2\r\n"), "PROTOCOL_ERROR", "not_http"],
    ["HTTP/0.9", (s) => s.end("<html>hello</html>"), "PROTOCOL_ERROR", "not_http"],
    ["HTTP/2", (s) => s.end("\0\0\x12\x04\0\0\0\0\0"), "PROTOCOL_ERROR", "not_http"],
    [
      "two lengths",
      (s) => s.end(answerOf(200, "a", ["content-length: 2"])),
      "PROTOCOL_ERROR",
      "not_http",
    ],
    [
      "length and chunks",
      (s) => s.end(answerOf(200, "a", ["transfer-encoding: chunked"])),
      "PROTOCOL_ERROR",
      "not_http",
    ],
    [
      "a head of 20 KiB",
      (s) => s.end(answerOf(200, "", [`x-a: ${"a".repeat(20_000)}`])),
      "PROTOCOL_ERROR",
      "head_too_large",
    ],
  ];

  test.each(rows)("%s", async (_name, answer, outcome, failure) => {
    const { result, requests } = await postTo(answer);
    expect(result).toMatchObject({ outcome, failure });
    expect(result.error).toMatch(/^[ -~]{10,300}$/);
    expect(requests).toHaveLength(1);
  });

  test("with texts of their own", async () => {
    const ssh = await postTo((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    const text = await postTo((socket) => socket.end("<html>hello</html>"));
    expect(ssh.result.error).not.toBe(text.result.error);
  });

  test("headers without end", async () => {
    const { result } = await postTo((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      const flood = () => {
        while (!socket.destroyed && socket.write(`x-a: ${"a".repeat(1_000)}\r\n`));
      };
      socket.on("drain", flood);
      flood();
    });
    expect(result).toMatchObject({ outcome: "PROTOCOL_ERROR", failure: "head_too_large" });
  });
});

describe("R05: time is up over the whole exchange", () => {
  const drip =
    (head: string, piece: string): Answer =>
    (socket) => {
      socket.write(head);
      const timer = setInterval(() => socket.write(piece), 10);
      socket.on("close", () => clearInterval(timer));
    };
  const rows: readonly (readonly [string, Answer, number, string])[] = [
    ["it never speaks", () => {}, 0, "the request was sent"],
    ["the head drips", drip("HTTP/1.1 200 OK\r\n", "x-a: 1\r\n"), 0, "the head had not ended"],
    ["the body drips", drip("HTTP/1.1 200 OK\r\n\r\n", "x"), 200, "the body had not ended"],
    [
      "chunk extensions drip",
      drip("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;", "x"),
      200,
      "the body had not ended",
    ],
  ];

  test.each(rows)("while %s", async (_name, answer, statusCode, waitedFor) => {
    const { post } = sender();
    const target = await receiver(answer);
    const result = await post(target.url, { timeoutMs: 150 });
    expect(result).toMatchObject({ outcome: "TIMEOUT", failure: "deadline", statusCode });
    expect(result.error).toBe(`no full answer within 150 ms; ${waitedFor}`);
    expect(result.durationMs).toBeGreaterThanOrEqual(149);
    expect(result.durationMs).toBeLessThan(2_000);
    await target.lastClosed();
  });
});
