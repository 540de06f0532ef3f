import type { EgressResult, egress } from "@posthorn/egress";
import { newUuid, uuidToId } from "@posthorn/runtime";
import { sign } from "@posthorn/signature";
import { renderEnvelope } from "../domain/envelope.ts";
import type { NewAttempt } from "../store/result.ts";
import type { SendableEvent } from "./lane.ts";
import type { KnownProvider, KnownWebhook } from "./subscriptions.ts";

/** What one POST needs. */
export interface AttemptInput {
  readonly event: SendableEvent;
  readonly webhook: KnownWebhook;
  readonly provider: KnownProvider;
  readonly number: number;
  readonly now: Date;
  readonly signal?: AbortSignal;
}

/** Sends an event to a webhook once. What the receiver does comes back as an attempt. */
export async function attempt(
  send: ReturnType<typeof egress>["send"],
  input: AttemptInput,
): Promise<NewAttempt> {
  const { event, webhook, now } = input;
  event.body ??= renderEnvelope(event);
  const uuid = newUuid(now.getTime());
  const own = ownHeaders(input, { body: event.body, uuid });
  const result = await send({
    url: webhook.url,
    headers: { ...webhook.headers, ...own },
    body: event.body,
    timeoutMs: webhook.timeoutMs,
    ...(input.signal && { signal: input.signal }),
  });
  const requestHeaders = { ...masked(webhook.headers), ...own };
  return toAttempt(input, result, { uuid, requestHeaders });
}

function ownHeaders(
  input: AttemptInput,
  { body, uuid }: { body: Buffer; uuid: string },
): Record<string, string> {
  const { event, webhook, provider, now } = input;
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "user-agent": provider.userAgent,
    traceparent: traceparent(event, uuid),
  };
  const secrets = webhook.secrets
    .filter(({ expireAt }) => expireAt === undefined || expireAt > now)
    .map(({ text }) => text);
  if (secrets.length === 0) throw new Error(`webhook ${webhook.id} has no secret to sign with`);
  const timestampS = Math.floor(now.getTime() / 1000);
  for (const scheme of provider.schemes) {
    Object.assign(
      headers,
      sign({ scheme, secrets, id: uuidToId("evt", event.uuid), timestampS, body }),
    );
  }
  return headers;
}

/** The publish's trace goes on; without one the event is the trace. The attempt's id is the span. */
function traceparent(event: SendableEvent, attemptUuid: string): string {
  const traceId = event.traceparent.split("-")[1] ?? event.uuid.replaceAll("-", "");
  return `00-${traceId}-${attemptUuid.replaceAll("-", "").slice(16)}-01`;
}

function masked(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name.toLowerCase(), "***"]));
}

function toAttempt(
  input: AttemptInput,
  result: EgressResult,
  { uuid, requestHeaders }: { uuid: string; requestHeaders: Record<string, string> },
): NewAttempt {
  return {
    uuid,
    number: input.number,
    startedAt: input.now,
    durationMs: result.durationMs,
    outcome: result.outcome,
    statusCode: result.statusCode,
    url: input.webhook.url,
    requestHeaders,
    responseHeaders: result.responseHeaders,
    responseBody: result.responseBody,
    responseTruncated: result.responseTruncated,
    remoteAddress: result.remoteAddress,
    timings: result.timings,
    error: result.error.replaceAll("\0", "�"), // Postgres' text holds no NUL
  };
}
