import { type DeliveryClass, deliveryClasses } from "./shares.ts";

/** How often each class is served where a webhook's own limits hold it back. */
const weights = [6, 2, 2] as const;

/**
 * Chooses which class a webhook serves next where only one delivery may go: fresh ones most often,
 * but retries and replays never wait for ever (smooth weighted round robin). `tally` has one number
 * for each class, all 0 at first, and is changed in place. Undefined when none has work.
 */
export function nextClass(
  tally: number[],
  hasWork: (deliveryClass: DeliveryClass) => boolean,
): DeliveryClass | undefined {
  let chosen: DeliveryClass | undefined;
  let total = 0;
  for (const deliveryClass of deliveryClasses) {
    if (!hasWork(deliveryClass)) continue;
    total += weights[deliveryClass];
    tally[deliveryClass] = (tally[deliveryClass] ?? 0) + weights[deliveryClass];
    if (chosen === undefined || (tally[deliveryClass] ?? 0) > (tally[chosen] ?? 0)) {
      chosen = deliveryClass;
    }
  }
  if (chosen !== undefined) tally[chosen] = (tally[chosen] ?? 0) - total;
  return chosen;
}
