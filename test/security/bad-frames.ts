import { gzipSync } from "node:zlib";
import { create, fromJson, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  PublishEventRequestSchema,
  PublishService,
} from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import {
  CreateWebhookRequestSchema,
  WebhookService,
} from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { beforeAll, describe, expect, it } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";
import { frame, grpcCall } from "./frames.ts";
import { freeType, send, type Workspace, workspaceOf } from "./scene.ts";
import { rssOf } from "./sockets.ts";

/** Bytes that are no message of any type with a text in its first field. */
const broken: readonly (readonly [row: string, message: number[]])[] = [
  ["B26 a truncated message", [0x0a, 0x04, 0x61]],
  ["B26 a wrong wire type", [0x08, 0x01]],
  ["B26 a varint of 11 bytes", [0x0a, ...Array.from({ length: 10 }, () => 0xff), 0x01]],
  ["B26 a length beyond the end", [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ["B26 groups that never end", Array.from({ length: 1_000 }, () => 0x0b)],
  ["B26 the field number 0", [0x00, 0x01]],
  ["B06 a text that is no UTF-8", [0x0a, 0x01, 0xff]],
];

const publishPath = `/${PublishService.typeName}/${PublishService.method.publishEvent.name}`;
const createPath = `/${WebhookService.typeName}/${WebhookService.method.createWebhook.name}`;

/** Messages of protobuf that are none, by every protocol that carries them. */
export function badFramesTable(start: () => Posthorn): void {
  describe("a message in protobuf", () => {
    let posthorn: Posthorn;
    let at: Workspace;
    beforeAll(async () => {
      posthorn = start();
      at = await workspaceOf(posthorn);
    });
    const target = (path = publishPath) => ({
      url: posthorn.grpcUrl,
      path,
      key: posthorn.operatorKey,
    });
    const post = (contentType: string, body: Uint8Array, headers = {}) =>
      send(posthorn, "POST", publishPath, {
        body,
        headers: { "content-type": contentType, ...headers },
      });
    const publishing = (event: object = {}) =>
      create(PublishEventRequestSchema, {
        workspace: at.id,
        event: { type: freeType, data: Buffer.from("{}"), ...event },
      });

    it.each(broken)("%s is refused by gRPC as an invalid argument", async (_, message) => {
      const end = await at.leavesNothing(() => grpcCall(target(), frame(Buffer.from(message))));
      expect(end).toMatchObject({ status: String(Code.InvalidArgument) });
    });

    it.each(broken)("%s is refused by Connect with 400", async (_, message) => {
      const answer = await at.leavesNothing(() => post("application/proto", Buffer.from(message)));
      expect(answer).toMatchObject({ status: 400, body: { code: "invalid_argument" } });
    });

    it.each(broken)("%s is refused by gRPC-Web as an invalid argument", async (_, message) => {
      const body = frame(Buffer.from(message));
      const answer = await at.leavesNothing(() => post("application/grpc-web+proto", body));
      expect(answer.text).toContain(`grpc-status: ${Code.InvalidArgument}`);
    });

    it("B06 JSON of Connect that is no UTF-8 is refused, not altered", async () => {
      const path = `/${WebhookService.typeName}/CreateWebhook`;
      const text = `{"workspace":"${at.id}","webhook":{"url":"https://example.com/","name":"?"}}`;
      const body = Buffer.from(text).map((byte) => (byte === 0x3f ? 0xff : byte));
      const answer = await at.leavesNothing(() => send(posthorn, "POST", path, { body }));
      expect(answer).toMatchObject({ status: 400, body: { code: "invalid_argument" } });
    });

    it("B28 an unknown number of an enum is refused", async () => {
      const webhook = { url: "https://example.com/", state: 99 };
      const message = fromJson(CreateWebhookRequestSchema, { workspace: at.id, webhook });
      const bytes = frame(toBinary(CreateWebhookRequestSchema, message));
      const end = await at.leavesNothing(() => grpcCall(target(createPath), bytes));
      expect(end).toMatchObject({ status: String(Code.InvalidArgument) });
      expect(end.message).toContain("webhook.state");
    });

    it("B28 an unknown field is ignored", async () => {
      const known = toBinary(PublishEventRequestSchema, publishing());
      const bytes = Buffer.concat([known, Buffer.from([0xfa, 0x3f, 0x01, 0x78])]);
      expect(await grpcCall(target(), frame(bytes))).toMatchObject({ status: "0" });
    });

    it("B29 a frame that announces 4 GiB is refused before memory is had for it", async () => {
      const end = await at.leavesNothing(() =>
        grpcCall(target(), frame(Buffer.alloc(10), 0xffff_ffff)),
      );
      expect(end).toMatchObject({ status: String(Code.ResourceExhausted) });
    });

    it("B35 a type that ends in a newline is refused", async () => {
      const bytes = toBinary(PublishEventRequestSchema, publishing({ type: "user.created\n" }));
      const end = await at.leavesNothing(() => grpcCall(target(), frame(bytes)));
      expect(end).toMatchObject({ status: String(Code.InvalidArgument) });
      expect(end.message).toContain("event.type");
    });

    it("B23 a message that unpacks 1,000 to 1 is refused at the limit", async () => {
      const bomb = gzipSync(Buffer.alloc(256 * 1_024 * 1_024));
      const before = rssOf(posthorn);
      const answer = await post("application/proto", bomb, { "content-encoding": "gzip" });
      expect(answer).toMatchObject({ status: 429, body: { code: "resource_exhausted" } });
      expect(rssOf(posthorn) - before).toBeLessThan(128 * 1_024 * 1_024);
    });
  });
}
