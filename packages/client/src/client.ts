import { type Client, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import * as delivery from "./api/delivery.ts";
import * as ingestion from "./api/ingestion.ts";
import * as subscription from "./api/subscription.ts";
import { toPosthornError } from "./error.ts";

/** Where Posthorn is, and who calls. */
export interface ClientOptions {
  /** Of the gateway, such as `https://posthorn.example.com`; a path before the API's is kept. */
  readonly url: string;
  /** An admin, operator or workspace key. */
  readonly key: string;
  /** How long a call may take; streams may take as long as they like. Default 30 s. */
  readonly timeoutMs?: number;
  /** What the calls say of the program. Default `posthorn-client`. */
  readonly userAgent?: string;
}

/** One client for each service of the API. Calls throw PosthornError and nothing else. */
export interface PosthornClient {
  readonly apiKeys: Client<typeof subscription.ApiKeyService>;
  readonly connections: Client<typeof subscription.ConnectionService>;
  readonly deadLetters: Client<typeof ingestion.DeadLetterService>;
  readonly deliveries: Client<typeof delivery.DeliveryService>;
  readonly events: Client<typeof delivery.EventService>;
  readonly eventTypes: Client<typeof subscription.EventTypeService>;
  readonly providers: Client<typeof subscription.ProviderService>;
  readonly publish: Client<typeof ingestion.PublishService>;
  readonly replays: Client<typeof delivery.ReplayService>;
  readonly stats: Client<typeof delivery.StatsService>;
  readonly system: Client<typeof delivery.SystemService>;
  readonly webhooks: Client<typeof subscription.WebhookService>;
  readonly webhookTests: Client<typeof delivery.WebhookTestService>;
  readonly workspaces: Client<typeof subscription.WorkspaceService>;
}

const timeoutMsDefault = 30_000;

/** Gives a client of the API, by Connect over HTTP/1.1. Nothing is asked before the first call. */
export function posthornClient(options: ClientOptions): PosthornClient {
  const { url, key, timeoutMs = timeoutMsDefault, userAgent = "posthorn-client" } = options;
  const connect = createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    interceptors: [authenticate({ key, userAgent })],
  });
  const transport = translating(connect, timeoutMs);
  return {
    apiKeys: createClient(subscription.ApiKeyService, transport),
    connections: createClient(subscription.ConnectionService, transport),
    deadLetters: createClient(ingestion.DeadLetterService, transport),
    deliveries: createClient(delivery.DeliveryService, transport),
    events: createClient(delivery.EventService, transport),
    eventTypes: createClient(subscription.EventTypeService, transport),
    providers: createClient(subscription.ProviderService, transport),
    publish: createClient(ingestion.PublishService, transport),
    replays: createClient(delivery.ReplayService, transport),
    stats: createClient(delivery.StatsService, transport),
    system: createClient(delivery.SystemService, transport),
    webhooks: createClient(subscription.WebhookService, transport),
    webhookTests: createClient(delivery.WebhookTestService, transport),
    workspaces: createClient(subscription.WorkspaceService, transport),
  };
}

function authenticate({ key, userAgent }: { key: string; userAgent: string }): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${key}`);
    request.header.set("user-agent", userAgent);
    return next(request);
  };
}

/** A call that nobody answers ends; a stream may be silent as long as it likes. */
function translating(transport: Transport, timeoutMsDefault: number): Transport {
  return {
    async unary(method, signal, timeoutMs, ...call) {
      try {
        return await transport.unary(method, signal, timeoutMs ?? timeoutMsDefault, ...call);
      } catch (error) {
        throw toPosthornError(error);
      }
    },
    async stream(method, signal, timeoutMs, ...call) {
      try {
        const response = await transport.stream(method, signal, timeoutMs, ...call);
        return { ...response, message: translated(response.message) };
      } catch (error) {
        throw toPosthornError(error);
      }
    },
  };
}

async function* translated<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw toPosthornError(error);
  }
}
