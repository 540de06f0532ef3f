import { type EgressResult, type egress, isOwnFault } from "@posthorn/egress";
import { AppError } from "@posthorn/errors";
import { newUuid, type Span, type Tracing } from "@posthorn/runtime";
import type { Waits } from "../domain/waits.ts";
import type { NewAttempt } from "../store/result.ts";
import { endAttempt, startAttempt, untracedParent } from "./attempt-span.ts";
import type { SendableEvent } from "./lane.ts";
import { type OutgoingRequest, requestOf } from "./request.ts";
import type { KnownProvider, KnownWebhook } from "./subscriptions.ts";

/** What one POST needs. */
export interface AttemptInput {
  readonly event: SendableEvent;
  readonly webhook: KnownWebhook;
  readonly provider: KnownProvider;
  readonly number: number;
  readonly now: Date;
  /** What the delivery waited for before; absent for a test. */
  readonly waits?: Waits;
  readonly signal?: AbortSignal;
  /** Undefined: it is not traced. */
  readonly tracing?: Tracing | undefined;
}

/**
 * Sends an event to a webhook once. What the receiver does comes back as an attempt. Throws
 * `unavailable` for a fault of our own side, which is none.
 */
export function attempt(
  send: ReturnType<typeof egress>["send"],
  input: AttemptInput,
): Promise<NewAttempt> {
  if (input.event.data.length === 0) throw new Error("the event's body is gone");
  const uuid = newUuid(input.now.getTime());
  const span = input.tracing && startAttempt(input.tracing, input, uuid);
  if (!span) return post(send, input, { uuid, traceparent: untracedParent(input.event, uuid) });
  return spanned(span, post(send, input, { uuid, traceparent: span.traceparent }));
}

async function spanned(span: Span, posting: Promise<NewAttempt>): Promise<NewAttempt> {
  try {
    const made = await posting;
    endAttempt(span, made);
    return made;
  } catch (error) {
    span.end({}, "it was given up");
    throw error;
  }
}

async function post(
  send: ReturnType<typeof egress>["send"],
  input: AttemptInput,
  { uuid, traceparent }: { uuid: string; traceparent: string },
): Promise<NewAttempt> {
  const { url, headers, shownHeaders, body } = requestOf(input, traceparent);
  const { signal } = input;
  const { timeoutMs } = input.webhook;
  const result = await send({ url, headers, body, timeoutMs, ...(signal && { signal }) });
  if (isOwnFault(result)) throw new AppError("unavailable", result.error);
  return toAttempt(input, result, { uuid, requestHeaders: shownHeaders });
}

function toAttempt(
  input: AttemptInput,
  result: EgressResult,
  { uuid, requestHeaders }: { uuid: string; requestHeaders: OutgoingRequest["shownHeaders"] },
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
    waits: input.waits ?? {},
    error: result.error.replaceAll("\0", "�"), // Postgres' text holds no NUL
  };
}
