import { setTimeout as sleep } from "node:timers/promises";
import { type delivery, type PosthornClient, PosthornError } from "@posthorn/client";

/** Posthorn says every 15 s that the stream is alive. */
const silenceMsMax = 45_000;
const retryMs = 500;
const retryMsMax = 10_000;

/** What a watcher hears besides events. */
export interface WatchNotices {
  /** The stream is on, with how deliveries are signed; called again after a break. */
  onOn(style: delivery.WatchedEvent): void;
  /** The stream broke, and is begun again; events of meanwhile are not shown. */
  onBroken(error: PosthornError): void;
}

/**
 * Gives a workspace's events as they are accepted until the signal aborts, through breaks of the
 * connection once it has stood. Throws PosthornError for what trying again does not help.
 */
export async function* watchEvents(
  { events }: PosthornClient,
  request: { workspace: string; eventTypes: string[]; version: string },
  { stop, ...notices }: WatchNotices & { stop: AbortSignal },
): AsyncGenerator<delivery.WatchedEvent> {
  let hasStood = false;
  for (let waitMs = retryMs; !stop.aborted; waitMs = Math.min(waitMs * 2, retryMsMax)) {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), silenceMsMax);
    let isOn = false;
    try {
      const signal = AbortSignal.any([stop, silence.signal]);
      for await (const message of events.watchEvents(request, { signal })) {
        timer.refresh();
        if (message.event !== undefined) yield message;
        else if (!isOn) notices.onOn(message);
        isOn = true;
        hasStood = true;
        waitMs = retryMs;
      }
      if (!stop.aborted) notices.onBroken(new PosthornError("unreachable", "the stream ended"));
    } catch (error) {
      if (stop.aborted) return;
      const broken = silence.signal.aborted
        ? new PosthornError("unreachable", "it has fallen silent")
        : error;
      if (!(broken instanceof PosthornError) || !hasStood || !broken.isRetryable) throw broken;
      notices.onBroken(broken);
    } finally {
      clearTimeout(timer);
    }
    await sleep(waitMs, undefined, { signal: stop }).catch(() => {}); // Seen above.
  }
}
