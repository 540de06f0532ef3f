import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";
import { expectRefused, freeType, send, type Workspace, workspaceOf } from "./scene.ts";
import { type Connection, head, openConnection, rssOf } from "./sockets.ts";

const json = "content-type: application/json";
const mebibyte = 1_024 * 1_024;
const idleCount = 5_000;

/** What HTTP itself has to refuse, before anything is parsed. */
export function badHttpTable(start: () => Posthorn): void {
  describe("a request", () => {
    let posthorn: Posthorn;
    let at: Workspace;
    let slow: Promise<{ answer: string; durationMs: number }>;
    const idle: Connection[] = [];
    const post = (headers: readonly string[]) =>
      head(posthorn, `POST ${at.path}/events`, [json, ...headers]);

    beforeAll(async () => {
      posthorn = start();
      at = await workspaceOf(posthorn);
      slow = byteBySecond(await openConnection(posthorn, post(["content-length: 1000"])));
    });
    afterAll(() => {
      for (const { socket } of idle) socket.destroy();
    });

    it("B21 of 10 GiB is refused by its head, before a byte of it is read", async () => {
      const length = `content-length: ${10 * 1_024 * mebibyte}`;
      const answer = await at.leavesNothing(async () =>
        (await openConnection(posthorn, post([length]))).closed(),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 413 .*"reason":"TOO_LARGE"/s);
    });

    it("B22 in chunks without end is refused at the limit, and cut off", async () => {
      const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
      const answer = await at.leavesNothing(async () => {
        const connection = await openConnection(posthorn, post(["transfer-encoding: chunked"]));
        while (connection.socket.writable) await connection.write(chunk);
        return await connection.closed();
      });
      expect(answer).toMatch(/^HTTP\/1\.1 413 .*"reason":"TOO_LARGE"/s);
    });

    it("B23 that is compressed is refused, and its memory stays flat", async () => {
      const bomb = gzipSync(Buffer.alloc(256 * mebibyte));
      const before = rssOf(posthorn);
      const answer = await at.leavesNothing(() =>
        send(posthorn, "POST", `${at.path}/events`, {
          body: bomb,
          headers: { "content-encoding": "gzip" },
        }),
      );
      expectRefused(answer, { status: 415, reason: "UNSUPPORTED_MEDIA_TYPE" });
      expect(rssOf(posthorn) - before).toBeLessThan(64 * mebibyte);
    });

    it.each([
      "text/xml",
      "application/json; charset=utf-16",
      "multipart/form-data",
      "json",
      ";",
      "/",
    ])("B30 of the content type %j is refused", async (contentType) => {
      const answer = await at.leavesNothing(() =>
        send(posthorn, "POST", `${at.path}/events`, {
          body: "{}",
          headers: { "content-type": contentType },
        }),
      );
      expectRefused(answer, { status: 415, reason: "UNSUPPORTED_MEDIA_TYPE" });
    });

    it("B30 of an empty content type is refused by Connect, too", async () => {
      const path = "/posthorn.ingestion.v1.PublishService/PublishEvent";
      const options = { body: "{}", headers: { "content-type": "" } };
      expect(await send(posthorn, "POST", path, options)).toMatchObject({ status: 415 });
    });

    it.each([
      ["GET", "events:batch", "POST"],
      ["PUT", "events", "GET, HEAD, POST"],
      ["DELETE", "webhooks", "GET, HEAD, POST"],
    ])("B31 of the method %s on %s is refused and told what works", async (method, name, allow) => {
      const answer = await send(posthorn, method, `${at.path}/${name}`);
      expectRefused(answer, { status: 405, reason: "METHOD_NOT_ALLOWED" });
      expect(answer.headers.get("allow")?.split(", ").sort().join(", ")).toBe(allow);
    });

    it("B34 with a length and chunks is refused, and nothing of it becomes a second", async () => {
      const smuggled = head(posthorn, "DELETE /v1/provider", []);
      const both = ["content-length: 5", "transfer-encoding: chunked"];
      const connection = await openConnection(posthorn, `${post(both)}0\r\n\r\n${smuggled}`);
      const answer = await connection.closed();
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    });

    it.each([
      ["200 headers", Array.from({ length: 200 }, (_, index) => `x-${index}: a`)],
      ["64 KiB of headers", [`x-large: ${"a".repeat(65_536)}`]],
    ])("B72 with %s is refused with 431", async (_, headers) => {
      const connection = await openConnection(posthorn, post(["connection: close", ...headers]));
      expect(await connection.closed()).toMatch(/^HTTP\/1\.1 431 /);
    });

    it("B73 is served beside 5,000 connections that are idle or half open", async () => {
      const halfOpen = post(["content-length: 10"]).slice(0, -2);
      for (let count = 0; count < idleCount; count += 250) {
        const firsts = Array.from({ length: 250 }, (_, index) => (index % 2 === 0 ? "" : halfOpen));
        const opened = await Promise.all(firsts.map((first) => openConnection(posthorn, first)));
        idle.push(...opened);
      }
      const startedAtMs = performance.now();
      expect((await at.publish()).status).toBe(202);
      expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    }, 60_000);

    it("B33 that comes byte by byte is answered with 408 within 30 s", async () => {
      const { answer, durationMs } = await slow;
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(durationMs).toBeLessThan(30_500);
    }, 60_000);

    it("is taken again after all of these", async () => {
      const answer = await at.publish({ type: freeType });
      expect(answer.status, answer.text).toBe(202);
    });
  });
}

/** Sends a byte each second until the other side closes. */
async function byteBySecond(connection: Connection) {
  const startedAtMs = performance.now();
  const timer = setInterval(() => void connection.write(" "), 1_000);
  const answer = await connection.closed();
  clearInterval(timer);
  return { answer, durationMs: performance.now() - startedAtMs };
}
