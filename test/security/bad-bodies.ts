import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { fromConnectError } from "@posthorn/errors";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";
import { expectRefused, freeType, send, type Workspace, workspaceOf } from "./scene.ts";

const deep = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const manyKeys = `{${Array.from({ length: 10_001 }, (_, index) => `"k${index}":1`).join(",")}}`;
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/** What `data` is, where it goes wrong within it, and why. */
const badData: readonly (readonly [row: string, data: string | Buffer, at: string, why: string])[] =
  [
    ["B02 a truncated object", '{"a":', ".a", "invalid_json"],
    ["B03 a trailing comma", '{"a":1,}', "", "invalid_json"],
    ["B03 a comment", '{"a":1/* one */}', ".a", "invalid_json"],
    ["B03 single quotes", "{'a':1}", "", "invalid_json"],
    ["B03 NaN", "NaN", "", "invalid_json"],
    ["B03 Infinity", "-Infinity", "", "invalid_json"],
    ["B06 a raw byte FF in a string", bytes('"', [0xff], '"'), "", "invalid_unicode"],
    ["B07 a coded surrogate", bytes('"', [0xed, 0xa0, 0x80], '"'), "", "invalid_unicode"],
    ["B08 half a surrogate pair", '"\\ud800"', "", "invalid_unicode"],
    ["B08 a reversed surrogate pair", '"\\udc00\\ud800"', "", "invalid_unicode"],
    ["B11 a key twice", '{"a":1,"a":2}', ".a", "duplicate_key"],
    ["B11 a key twice, once escaped", '{"a":1,"\\u0061":2}', ".a", "duplicate_key"],
    ["B17 65 levels", deep(65), "", "too_deep"],
    ["B19 10,000 levels", deep(10_000), "[0]".repeat(79), "too_deep"],
    ["B24 10,001 keys in an object", manyKeys, ".k10000", "too_many_keys"],
  ];

const goodData: readonly (readonly [row: string, data: string])[] = [
  ["B13 keys that name prototypes", '{"__proto__":{"x":1},"constructor":{"x":1},"prototype":1}'],
  ["B16 keys in no order", '{"b":1,"2":1,"1":1}'],
  ["B17 64 levels", deep(64)],
];

/** Whole bodies of a publish. */
const badBodies: readonly (readonly [row: string, body: string | Buffer, field: string])[] = [
  ["B02 a truncated body", `{"type":"${freeType}","data":{}`, "event.data"],
  ["B05 UTF-16 with its mark", Buffer.from("\ufeff{}", "utf16le"), "event"],
  ["B05 UTF-16 without a mark", Buffer.from("{}", "utf16le"), "event"],
  ["B06 a raw byte FF in the type", bytes('{"type":"', [0xff], '","data":1}'), "event.type"],
  ["B08 half a pair in the type", '{"type":"\\ud800","data":1}', "event.type"],
  ["B11 the type twice", `{"type":"a","type":"${freeType}","data":1}`, "event.type"],
  ["B11 data twice", `{"type":"${freeType}","data":1,"data":2}`, "event.data"],
  ["B13 __proto__ beside the type", '{"__proto__":{"type":"x"},"data":1}', "event.__proto__"],
  ["an array", "[]", "event"],
  ["no body", "", "event"],
  ["null", "null", "event"],
  ["no data", `{"type":"${freeType}"}`, "event.data"],
];

const sample = Buffer.from(
  `{"type":"${freeType}","data":{"a":[1,2.5e3,true,null,"é\\u00e9"],"b":{"c":""}},"orderingKey":"k"}`,
);

function strictText(body: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
}

/** Bodies that are no JSON, or not strictly, through every door. */
export function badBodiesTable(start: () => Posthorn): void {
  describe("a body", () => {
    let posthorn: Posthorn;
    let at: Workspace;
    beforeAll(async () => {
      posthorn = start();
      at = await workspaceOf(posthorn);
    });
    const publish = (body: unknown) =>
      send(posthorn, "POST", `${at.path}/events`, { body, key: posthorn.operatorKey });
    const grpcPublish = (data: Uint8Array) => {
      const transport = createGrpcTransport({ baseUrl: posthorn.grpcUrl });
      const headers = { authorization: `Bearer ${posthorn.operatorKey}` };
      const event = { type: freeType, data: new Uint8Array(data) };
      return createClient(PublishService, transport).publishEvent(
        { workspace: at.id, event },
        { headers },
      );
    };

    it.each(badData)("%s in data is refused by REST", async (_, data, path, fieldReason) => {
      const body = bytes(`{"type":"${freeType}","data":`, data as string, "}");
      const answer = await at.leavesNothing(() => publish(body));
      const field = `event.data${path}`;
      expectRefused(answer, { status: 400, reason: "INVALID", field, fieldReason });
    });

    it.each(badData)("%s in data is refused in a batch, all of it", async (_, data, __, why) => {
      const good = `{"type":"${freeType}","data":1}`;
      const body = bytes(`{"events":[${good},{"type":"${freeType}","data":`, data as string, "}]}");
      const path = `${at.path}/events:batch`;
      const answer = await at.leavesNothing(() => send(posthorn, "POST", path, { body }));
      expectRefused(answer, { status: 400, reason: "INVALID", fieldReason: why });
      expect(answer.text).toContain("events[1].data");
    });

    it.each(badData)("%s in data is refused by gRPC", async (_, data, __, reason) => {
      const refused = await at.leavesNothing(() =>
        grpcPublish(bytes(data as string)).catch(fromConnectError),
      );
      expect(refused).toMatchObject({
        reason: "invalid",
        fields: [{ field: "event.data", reason }],
      });
    });

    it.each(goodData)("%s in data is taken, and comes back byte by byte", async (_, data) => {
      const answer = await publish(`{"type":"${freeType}","data":${data}}`);
      expect(answer.status, answer.text).toBe(202);
      const event = await send(posthorn, "GET", `${at.path}/events/${answer.body.id}`);
      expect(event.text).toContain(`"data":${data},`);
      const byGrpc = await grpcPublish(Buffer.from(data));
      expect(Buffer.from(byGrpc.data).toString()).toBe(data);
    });

    it("with any bytes changed is refused or taken as it is, and nothing breaks", async () => {
      const { path } = await workspaceOf(posthorn);
      const change = fc.record({
        at: fc.nat(sample.length - 1),
        cutCount: fc.nat(2),
        put: fc.uint8Array({ maxLength: 2 }),
      });
      const changed = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) =>
        changes.reduce((body, { at: start, cutCount, put }) => {
          return Buffer.concat([body.subarray(0, start), put, body.subarray(start + cutCount)]);
        }, sample),
      );
      await fc.assert(
        fc.asyncProperty(changed, async (body) => {
          const answer = await send(posthorn, "POST", `${path}/events`, { body });
          expect([202, 400], answer.text).toContain(answer.status);
          const isSound = answer.status === 202;
          if (isSound) expect(answer.body.data).toEqual(JSON.parse(strictText(body)).data);
        }),
        { numRuns: 300 },
      );
    });

    it.each(badBodies)("%s is refused", async (_, body, field) => {
      const answer = await at.leavesNothing(() => publish(body));
      expectRefused(answer, { status: 400, reason: "INVALID", field });
    });
  });
}
