import { eventually, receiver } from "@posthorn/testkit";
import { expect, test } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** A collector of traces, by OTLP over HTTP in JSON. */
async function collector() {
  const { url, requests, close } = await receiver({ answers: [{ status: 200, body: "{}" }] });
  return {
    close,
    env: {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    },
    spans: (): readonly Span[] =>
      requests.flatMap(({ body }) =>
        JSON.parse(body.toString()).resourceSpans.flatMap(
          (resource: { scopeSpans: { spans: Span[] }[] }) =>
            resource.scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
  };
}

test("an event is one trace, from the call that publishes it to the POST that delivers it", async () => {
  const traces = await collector();
  const posthorn = await oneProcess({ env: traces.env });
  const target = await receiver();
  const w = "/v1/workspaces/acme";
  await posthorn.call("POST", `${w}/webhooks`, { url: `${target.url}?token=hunter2` });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const body = { type: "order.created", data: { orderId: "ord_1" } };
  const published = await posthorn.call("POST", `${w}/events`, body, { headers });
  expect(published.status, published.text).toBe(202);
  const [request] = await target.next();
  const named = async (name: string) =>
    eventually(() => {
      const found = traces.spans().find((span) => span.name === name && span.traceId === traceId);
      expect(found, name).toBeDefined();
      return found as Span;
    });
  const call = await named("posthorn.ingestion.v1.PublishService/PublishEvent");
  const append = await named("publish posthorn.events.v1");
  const fanOut = await named("fan-out");
  const post = await named("POST");
  expect(call.parentSpanId).toBe("b7ad6b7169203331");
  expect(append.parentSpanId).toBe(call.spanId);
  expect(fanOut.parentSpanId).toBe(call.spanId);
  expect(post.parentSpanId).toBe(call.spanId);
  expect(request?.headers["traceparent"]).toBe(`00-${traceId}-${post.spanId}-01`);
  expect(post.attributes).toContainEqual({
    key: "http.response.status_code",
    value: { intValue: 200 },
  });
  expect(JSON.stringify(traces.spans())).not.toContain("hunter2");
  await posthorn.stop();
  await target.close();
  await traces.close();
});
