import type { DataDir } from "../data-dir.ts";
import { Refusal } from "../refusal.ts";
import { type Api, api, isRecord, textOf } from "./api.ts";
import { arrivals } from "./arrivals.ts";
import { operatorKey } from "./operator-key.ts";
import type { Received, Receiver } from "./receiver.ts";
import { type DemoWebhook, demoWebhook } from "./webhook.ts";

/** What the demo runs on. */
export interface DemoDeps {
  readonly receiver: Receiver;
  readonly dataDir: DataDir;
  /** `http://127.0.0.1:8420` */
  readonly baseUrl: string;
  readonly workspace: string;
  /** The demo provider, as YAML. */
  readonly file: Uint8Array;
  readonly stop: AbortSignal;
}

/** What came of it. */
export interface DemoResult {
  readonly webhook: DemoWebhook;
  readonly url: string;
  readonly eventId: string;
  readonly eventType: string;
  /** From sending the request until the 202 was here. */
  readonly acceptedInMs: number;
  readonly received: Received;
  /** From sending the request until the receiver had the delivery. */
  readonly arrivedInMs: number;
}

const arrivalTimeoutMs = 15_000;
const event = {
  type: "order.status.changed",
  data: { orderId: "ord_1042", status: "SHIPPED", previousStatus: "PAID" },
};

/**
 * Does what a first user does, over REST: registers a webhook, publishes an event, and waits until
 * it arrives. Throws a Refusal that says where it got stuck.
 */
export async function demoJob(deps: DemoDeps): Promise<DemoResult> {
  const { receiver, dataDir, baseUrl, stop } = deps;
  const key = await operatorKey(baseUrl, deps);
  if (key === undefined) {
    throw new Refusal(`no demo: ${dataDir.pathOf("operator-key")} is missing`);
  }
  const user = api(baseUrl, key);
  const base = `/v1/workspaces/${deps.workspace}`;
  const url = receiver.url();
  const webhook = await demoWebhook(user, { base, url, dataDir });
  receiver.trust(webhook.secret);
  const incoming = arrivals(receiver);
  try {
    const sentAtMs = performance.now();
    const eventId = textOf(await user.call("POST", `${base}/events`, event), "id");
    const acceptedInMs = performance.now() - sentAtMs;
    const received = await incoming.of(eventId, { timeoutMs: arrivalTimeoutMs, stop });
    if (received === undefined) throw new Refusal(await whyMissing(user, base, eventId));
    const arrivedInMs = received.receivedAtMs - sentAtMs;
    return { webhook, url, eventId, eventType: event.type, acceptedInMs, received, arrivedInMs };
  } finally {
    incoming.end();
  }
}

/** Says what Posthorn itself knows of a delivery that has not come. */
async function whyMissing(user: Api, base: string, eventId: string): Promise<string> {
  const path = `${base}/deliveries?event=${eventId}`;
  const { deliveries } = await user.call("GET", path);
  const first = Array.isArray(deliveries) ? deliveries.find(isRecord) : undefined;
  const last = first?.["lastAttempt"];
  const attempt = isRecord(last) ? `, last attempt ${last["outcome"]} ${last["error"] ?? ""}` : "";
  const state = first === undefined ? "it has no delivery" : `it is ${first["state"]}${attempt}`;
  return `${eventId} has not arrived within ${arrivalTimeoutMs / 1_000} s: ${state.trim()} (see ${path})`;
}
