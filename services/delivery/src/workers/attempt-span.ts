import { type Span, type Tracing, uuidToId } from "@posthorn/runtime";
import type { NewAttempt } from "../store/result.ts";
import type { SendableEvent } from "./lane.ts";
import type { KnownProvider, KnownWebhook } from "./subscriptions.ts";

/** What a span tells of an attempt before it is made. */
export interface Attempted {
  readonly event: SendableEvent;
  readonly webhook: Pick<KnownWebhook, "id" | "url">;
  readonly provider: Pick<KnownProvider, "name">;
  readonly number: number;
}

/**
 * Begins the span of an attempt. It follows from the publish; where that was not traced, the event
 * is the trace. Its id is the attempt's, and what the receiver is shown in `traceparent`.
 */
export function startAttempt(tracing: Tracing, attempted: Attempted, attemptUuid: string): Span {
  const { event, webhook, provider, number } = attempted;
  return tracing.start("POST", {
    kind: "client",
    parent: event.traceparent,
    traceId: traceIdOf(event.uuid),
    spanId: spanIdOf(attemptUuid),
    attributes: {
      "http.request.method": "POST",
      // The rest of a URL may be a secret between the customer and the receiver.
      "server.address": hostOf(webhook.url),
      "posthorn.provider": provider.name,
      "posthorn.webhook": webhook.id,
      "posthorn.event": uuidToId("evt", event.uuid),
      "posthorn.event_type": event.type,
      "posthorn.attempt": uuidToId("att", attemptUuid),
      "posthorn.attempt_number": number,
    },
  });
}

/** Ends it with what came of the attempt. */
export function endAttempt(span: Span, { outcome, statusCode, error }: NewAttempt): void {
  const status = statusCode === 0 ? {} : { "http.response.status_code": statusCode };
  const type = outcome === "HTTP_ERROR" ? String(statusCode) : outcome;
  if (outcome === "SUCCEEDED") span.end(status);
  else span.end({ ...status, "error.type": type }, error || `the answer was ${statusCode}`);
}

/**
 * Gives the `traceparent` of an attempt that is not traced: the publish's trace goes on, and
 * without one the event is the trace. The attempt's id is the span.
 */
export function untracedParent(event: SendableEvent, attemptUuid: string): string {
  const [, traceId = traceIdOf(event.uuid), , flags = "01"] = event.traceparent.split("-");
  return `00-${traceId}-${spanIdOf(attemptUuid)}-${flags}`;
}

/** An event's UUID without its hyphens: 32 hexadecimal digits. */
function traceIdOf(eventUuid: string): string {
  return eventUuid.replaceAll("-", "");
}

/** The random half of an attempt's UUID. */
function spanIdOf(attemptUuid: string): string {
  return attemptUuid.replaceAll("-", "").slice(16);
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? "";
}
