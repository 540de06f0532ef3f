import type { SpanOptions, Tracing } from "@posthorn/runtime";
import { expect, test } from "vitest";
import { bearer, clients, outcomeOf } from "../../test/clients.ts";
import { keys, serviceKey } from "../../test/fixture.ts";

/** Tracing that notes what it was told. */
function setup() {
  const spans: { name: string; options: SpanOptions; end: unknown }[] = [];
  const tracing: Tracing = {
    start(name, options) {
      const span = { name, options, end: undefined as unknown };
      spans.push(span);
      return {
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01",
        end: (...end) => {
          span.end = end;
        },
      };
    },
    close: async () => {},
  };
  return { ...clients({ tracing }), spans };
}

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const event = { type: "unknown", data: Buffer.from("{}") };

test("a call is a span that follows from its caller's, and ends with the call", async () => {
  const { providers, spans } = setup();
  const { headers } = bearer(keys.operator);
  await providers.getOwnProvider({}, { headers: { ...headers, traceparent: parent } });
  const name = "posthorn.subscription.v1.ProviderService/GetOwnProvider";
  expect(spans).toMatchObject([{ name, options: { kind: "server", parent }, end: [] }]);
});

test("a call without a trace begins one, and what it was refused for stands in it", async () => {
  const { publish, spans } = setup();
  const request = { workspace: "acme", event };
  expect(await outcomeOf(publish.publishEvent(request, bearer(keys.operator)))).toBe("invalid");
  const end = [{ "rpc.response.status_code": "InvalidArgument" }, "there is no such type"];
  expect(spans).toMatchObject([{ options: { parent: "" }, end }]);
});

test("what services ask each other is no span", async () => {
  const { sync, spans } = setup();
  await sync.checkKey({ keySha256: new Uint8Array(32) }, bearer(serviceKey));
  expect(spans).toEqual([]);
});
