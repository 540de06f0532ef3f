import { connect } from "node:net";
import { create, type DescService } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { createRouterTransport, type HandlerContext } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import { Up42WebhookService } from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { ProviderService } from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { logger, metrics, type Part } from "@posthorn/runtime";
import { gatewayService } from "./index.ts";

/** A call as a service behind the gateway saw it. */
export interface SeenCall {
  readonly message: unknown;
  readonly header: Headers;
}

/** A gateway on free ports in front of services that answer by script, for tests. */
export interface TestGateway {
  readonly url: string;
  readonly grpcUrl: string;
  /** The calls that got through, oldest first. */
  readonly calls: SeenCall[];
  /** All that was logged. */
  readonly logText: () => string;
  stop(): Promise<void>;
}

/** Starts one. Any webhook but `wh_1` is not found; `wh_defect` breaks the service. */
export async function testGateway(
  options: {
    requestTimeoutMs?: number;
    isReady?: () => boolean;
    services?: readonly DescService[];
  } = {},
): Promise<TestGateway> {
  const calls: SeenCall[] = [];
  const lines: string[] = [];
  const ports = new Map<string, number>();
  const destination = { write: (line: string) => lines.push(line) };
  const config = { host: "127.0.0.1", port: 0, grpcPort: 0, outgoingIps: ["192.0.2.7"] };
  const transport = scripted(calls);
  const { parts } = gatewayService(
    { ...config, drainTimeoutMs: 1_000, ...options },
    {
      log: logger({ name: "gateway", level: "debug", destination: destination as never }),
      metrics: metrics(),
      transportOf: () => transport,
      isReady: options.isReady ?? (() => true),
      ...(options.services && { services: options.services }),
      onListen: (part, address) => ports.set(part, address.port),
    },
  );
  const stop = await running(parts);
  return {
    url: `http://127.0.0.1:${ports.get("http")}`,
    grpcUrl: `http://127.0.0.1:${ports.get("grpc")}`,
    calls,
    logText: () => lines.join(""),
    stop,
  };
}

async function running(parts: readonly Part[]): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const ends: Promise<void>[] = [];
  for (const part of parts) {
    await new Promise<void>((ready, failed) => {
      const end = part.run(stop.signal, ready);
      end.catch(failed);
      ends.push(end);
    });
  }
  return async () => {
    stop.abort();
    await Promise.all(ends);
  };
}

function scripted(calls: SeenCall[]) {
  const see = (message: unknown, context: HandlerContext) => {
    calls.push({ message, header: context.requestHeader });
  };
  return createRouterTransport((router) => {
    router.service(PublishService, {
      publishEvent(request, context) {
        see(request, context);
        const { type = "", data = new Uint8Array() } = request.event ?? {};
        return { id: "evt_1", type, data };
      },
      async streamPublishEvents(requests, context) {
        let acceptedCount = 0n;
        for await (const request of requests) {
          see(request, context);
          acceptedCount += 1n;
        }
        return { acceptedCount };
      },
    });
    router.service(WebhookService, {
      getWebhook(request, context) {
        see(request, context);
        if (request.webhook === "wh_defect") throw new Error("the database is at 10.0.0.7");
        if (request.webhook === "wh_1") return { id: "wh_1", url: "https://example.com/" };
        throw toConnectError(new AppError("not_found", `no webhook ${request.webhook}`), "");
      },
      deleteWebhook: () => create(EmptySchema),
    });
    router.service(Up42WebhookService, {
      getUp42Webhook(request) {
        if (request.webhookId === "wh_defect") throw new Error("the database is at 10.0.0.7");
        throw toConnectError(new AppError("not_found", `no webhook ${request.webhookId}`), "");
      },
      deleteUp42Webhook: () => create(EmptySchema),
    });
    router.service(ProviderService, {
      applyProvider(request, context) {
        see(request, context);
        return { provider: { name: "demo" } };
      },
    });
    router.service(DeliveryService, {
      async *watchAttempts(request, context) {
        see(request, context);
        yield { id: "att_1", responseBody: "a\nb" };
        await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      },
    });
  });
}

/** Sends text over a bare connection and gives all that came back when it was closed. */
export async function exchange(
  url: string,
  talk: (write: (text: string) => boolean) => void,
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("utf8");
  socket.on("data", (text) => {
    answer += text;
  });
  talk((text) => !socket.destroyed && socket.write(text));
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    // What is written to a connection that was refused breaks it; the answer is there by then.
    socket.once("error", () => resolve());
  });
  return answer;
}
