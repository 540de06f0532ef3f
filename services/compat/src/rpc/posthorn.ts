import type { CallOptions, Client, HandlerContext, Transport } from "@connectrpc/connect";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { WebhookTestService } from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
import { EventTypeService } from "@posthorn/proto/posthorn/subscription/v1/event_type_service";
import type { Webhook } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { appClient, requestIdOf } from "@posthorn/rpc";

/** Posthorn's own API, as far as others are put in front of it. */
export interface Posthorn {
  readonly webhooks: Client<typeof WebhookService>;
  readonly eventTypes: Client<typeof EventTypeService>;
  readonly tests: Client<typeof WebhookTestService>;
  readonly deliveries: Client<typeof DeliveryService>;
}

/** Gives the clients of the services behind two transports. */
export function posthorn(transports: { subscription: Transport; delivery: Transport }): Posthorn {
  const { subscription, delivery } = transports;
  return {
    webhooks: appClient(WebhookService, subscription),
    eventTypes: appClient(EventTypeService, subscription),
    tests: appClient(WebhookTestService, delivery),
    deliveries: appClient(DeliveryService, delivery),
  };
}

const handedOn = ["authorization", "traceparent", "tracestate"];

/** Gives what a call that follows from another bears: its key, its request id, its deadline. */
export function following(context: HandlerContext): CallOptions {
  const headers = new Headers({ "x-request-id": requestIdOf(context) });
  for (const name of handedOn) {
    const value = context.requestHeader.get(name);
    if (value !== null) headers.set(name, value);
  }
  const timeoutMs = context.timeoutMs();
  return { headers, signal: context.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

const pageSize = 250;

/** Gives all webhooks of a workspace, newest first. A provider's limit bounds them. */
export async function allWebhooks(
  { webhooks }: Posthorn,
  workspace: string,
  context: HandlerContext,
): Promise<Webhook[]> {
  return await allPages(async (pageToken) => {
    const request = { workspace, pageSize, pageToken };
    const page = await webhooks.listWebhooks(request, following(context));
    return { items: page.webhooks, nextPageToken: page.nextPageToken };
  });
}

/** Gives what all pages of a list hold. */
export async function allPages<T>(
  read: (pageToken: string) => Promise<{ items: readonly T[]; nextPageToken: string }>,
): Promise<T[]> {
  const all: T[] = [];
  let pageToken = "";
  do {
    const page = await read(pageToken);
    all.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return all;
}
