import type { DescService } from "@bufbuild/protobuf";
import { createRouterTransport } from "@connectrpc/connect";
import { type RestHandlerOptions, type RestRequest, restHandler, restRoutes } from "./index.ts";

/** What a test's call was answered. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly json: unknown;
}

/** Makes a call: `GET /v1/books?pageSize=1`, a body and headers. */
export type TestCall = (
  line: string,
  body?: string | RestRequest["body"],
  headers?: RestRequest["headers"],
) => Promise<TestAnswer>;

/** Serves a service by functions for its methods, by local name, for tests. */
export function testCall(
  service: DescService,
  methods: Readonly<Record<string, unknown>>,
  options: Partial<RestHandlerOptions> = {},
): TestCall {
  const transport = createRouterTransport((router) => router.service(service, methods as never));
  const handle = restHandler({
    routes: restRoutes([service]),
    transportOf: () => transport,
    log: { error: () => {} },
    ...options,
  });
  return async (line, body = "", headers = {}) => {
    const [method = "", target = ""] = line.split(" ");
    const [path = "", query = ""] = target.split("?");
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const signal = new AbortController().signal;
    const answer = await handle({ method, path, query, headers, body: bytes, signal });
    const text = await textOf(answer.body);
    return { status: answer.status, headers: answer.headers, text, json: jsonOf(text) };
  };
}

async function textOf(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  const chunks = body instanceof Uint8Array ? [body] : body;
  let text = "";
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Bytes and streams are no JSON.
    return undefined;
  }
}
