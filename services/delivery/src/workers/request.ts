import { uuidToId } from "@posthorn/runtime";
import { defaultEnvelope } from "../domain/envelope.ts";
import type { SendableEvent } from "./lane.ts";
import { signedHeaders } from "./signing.ts";
import type { KnownProvider, KnownWebhook } from "./subscriptions.ts";

type Headers = Readonly<Record<string, string>>;

/** What a request is made from. */
export interface RequestSource {
  readonly event: SendableEvent;
  readonly webhook: KnownWebhook;
  readonly provider: KnownProvider;
  readonly now: Date;
}

/** A POST, ready to be sent. */
export interface OutgoingRequest {
  readonly url: string;
  readonly headers: Headers;
  /** The headers as they are kept and shown: values of custom ones are `***`. */
  readonly shownHeaders: Headers;
  readonly body: Buffer;
}

/** Makes the POST of an event to a webhook as it is now, signed now. */
export function requestOf(source: RequestSource, traceparent: string): OutgoingRequest {
  const { event, webhook } = source;
  event.body ??= (event.envelope ?? defaultEnvelope).render(event);
  const { body } = event;
  const { url, headers } = webhook;
  const own = ownHeaders(source, { body, traceparent });
  if (Object.keys(headers).length === 0) return { url, headers: own, shownHeaders: own, body };
  const theirs = customHeaders(headers, own);
  return {
    url,
    headers: { ...theirs, ...own },
    shownHeaders: { ...masked(theirs), ...own },
    body,
  };
}

function ownHeaders(
  source: RequestSource,
  { body, traceparent }: { body: Buffer; traceparent: string },
): Headers {
  const { event, provider } = source;
  const contentType = "application/json";
  return {
    "content-type": contentType,
    "user-agent": provider.userAgent,
    traceparent,
    ...signedHeaders({ ...source, id: uuidToId("evt", event.uuid), contentType, body }),
  };
}

/** A customer's header gives way to one of ours, which may have come after it was stored. */
function customHeaders(headers: Headers, own: Headers): Headers {
  const kept = Object.entries(headers).filter(([name]) => !Object.hasOwn(own, name.toLowerCase()));
  return Object.fromEntries(kept);
}

function masked(headers: Headers): Headers {
  return Object.fromEntries(Object.keys(headers).map((name) => [name.toLowerCase(), mask]));
}

const mask = "***";

/** The headers that an answer may show as they are: those besides sign, or are the customer's. */
const plain = new Set([
  "content-digest",
  "content-type",
  "svix-id",
  "svix-timestamp",
  "traceparent",
  "user-agent",
  "webhook-id",
  "webhook-timestamp",
]);

/**
 * Gives a request's headers without signatures: whoever may read deliveries must not get events of
 * his own making signed.
 */
export function unsignedHeaders({ shownHeaders }: OutgoingRequest): Headers {
  const entries = Object.entries(shownHeaders);
  return Object.fromEntries(entries.map(([name, value]) => [name, plain.has(name) ? value : mask]));
}
