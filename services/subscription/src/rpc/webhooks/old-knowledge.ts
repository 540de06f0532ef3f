import { setTimeout as sleep } from "node:timers/promises";
import { oldKnowledgeMs } from "../../domain/secret-rotation.ts";

/** A timer may fire a millisecond early. */
const timerErrorMs = 2;

/** Waits, after a change was committed, until nobody acts on what was before it. */
export async function untilForgotten(signal: AbortSignal): Promise<void> {
  await sleep(oldKnowledgeMs + timerErrorMs, undefined, { signal });
}
