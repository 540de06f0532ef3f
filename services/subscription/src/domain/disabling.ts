import type { Webhook } from "./webhook.ts";

/**
 * Tells whether a reason that was seen under a version of the webhook still disables it: it is
 * active, and neither its url nor its state has changed since.
 */
export function isStillToDisable(
  webhook: Pick<Webhook, "state" | "targetVersion">,
  seenVersion: bigint,
): boolean {
  return webhook.state === "ACTIVE" && webhook.targetVersion <= seenVersion;
}
