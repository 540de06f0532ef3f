import { type DeliveryClass, deliveryClasses } from "../domain/shares.ts";
import { holdOf, type Lane } from "./lane.ts";

/**
 * Gives for each class how long the oldest delivery has waited for nothing but us: it is due, and
 * neither its webhook nor its receiver has held it back meanwhile. Undefined when none waits so.
 */
export function oldestDueMs(
  lanes: readonly Lane[],
  nowMs: number,
): readonly (number | undefined)[] {
  return deliveryClasses.map((deliveryClass) => {
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const lane of lanes) {
      sinceMs = Math.min(sinceMs, waitsSinceMs(lane, deliveryClass, nowMs));
    }
    return sinceMs <= nowMs ? nowMs - sinceMs : undefined;
  });
}

/** Infinity when nothing of the class waits for us. */
function waitsSinceMs(lane: Lane, deliveryClass: DeliveryClass, nowMs: number): number {
  if (holdOf(lane, nowMs) !== undefined) return Number.POSITIVE_INFINITY;
  const inMemoryMs = lane.queues[deliveryClass]?.[0]?.sinceMs ?? Number.POSITIVE_INFINITY;
  const inScheduleMs = lane.dueAtMs[deliveryClass] ?? Number.POSITIVE_INFINITY;
  const dueMs = Math.min(inMemoryMs, inScheduleMs);
  if (dueMs > nowMs) return Number.POSITIVE_INFINITY;
  const { reasons, fromMs } = lane.waitLog;
  const heldUntilMs = reasons.at(-1) === undefined ? (fromMs.at(-1) ?? 0) : nowMs;
  return Math.max(dueMs, heldUntilMs);
}
