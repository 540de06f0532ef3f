import { delivery, jsonOf, printJson } from "@posthorn/client";
import { type Output, shortTime } from "../output/output.ts";

/** Shows one replay. */
export function showReplay(out: Output, message: delivery.Replay): void {
  const schema = delivery.ReplaySchema;
  out.json(printJson(schema, message, 2));
  const replay = jsonOf(schema, message);
  out.fields([
    ["id", replay.id],
    ["state", [replay.state, replay.stateReason].filter(Boolean).join(": ")],
    ["of", replay.filter],
    ["webhook", replay.webhook],
    ["sent to", replay.toWebhook],
    ["from", shortTime(replay.after)],
    ["until", shortTime(replay.before)],
    ["rate", replay.perSecond ? `${replay.perSecond} a second` : undefined],
    ["looked through", shortTime(replay.progressTime)],
    ["found", replay.matchedCount],
    ["made", replay.createdCount],
    [
      "ended",
      `${replay.succeededCount} succeeded, ${replay.failedCount} failed, ${replay.canceledCount} canceled`,
    ],
    ["created", shortTime(replay.createTime)],
    ["ended at", shortTime(replay.endTime)],
  ]);
}
