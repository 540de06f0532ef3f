import { idTimeMs, newUuid } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { choose } from "../domain/replay.ts";
import { allowance } from "../domain/replay-pace.ts";
import type { Cursor } from "../store/cursor.ts";
import type { Database } from "../store/database.ts";
import type { Held } from "../store/partitions.ts";
import { type RunningReplay, recordReplayStep, stopReplay } from "../store/replay-steps.ts";
import { type Judged, replaySource } from "./replay-source.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface ReplayStepDeps {
  readonly db: Kysely<Database>;
  readonly subscriptions: Subscriptions;
  readonly now: () => Date;
}

/** What a step came to. */
export interface StepOutcome {
  /** The webhooks that have new deliveries. */
  readonly webhookUuids: readonly string[];
  /** Whether it got on. */
  readonly hasMoved: boolean;
  /** How long the next step has to wait; undefined for as long as suits. */
  readonly waitMs?: number;
}

/** Deliveries of one replay that wait for their first attempt, at most. */
const waitingMax = 1000;
/** No step is worth its while for fewer, unless a limit asks for it. */
const roomMin = 250;
/** Deliveries that one step makes, at most. */
const deliveriesPerStepMax = 500;
/** Events or deliveries that one step looks at. */
const pageMin = 100;
/** A replay that its rate keeps waiting looks this often whether its webhook is still there. */
const paceWaitMsMax = 2000;
const standing: StepOutcome = { webhookUuids: [], hasMoved: false };

/** Looks at the next part of a replay's range and makes the deliveries that it asks for. */
export async function replayStep(
  deps: ReplayStepDeps,
  state: { replay: RunningReplay; held: Held; waitingCount: number },
): Promise<StepOutcome> {
  const { replay, held, waitingCount } = state;
  const room = waitingMax - waitingCount;
  if (replay.isScanned || !replay.isFannedOut || room < roomMin) return standing;
  const { subscriptions } = deps;
  const { workspaceUuid } = replay;
  const workspace =
    subscriptions.fresh(workspaceUuid) ?? (await subscriptions.current(workspaceUuid));
  const source = replaySource(replay, workspace);
  if (!source) {
    const stop = { state: "CANCELED", reason: "WEBHOOK_DELETED" } as const;
    await stopReplay(deps.db, { held, uuid: replay.uuid }, stop);
    return { ...standing, waitMs: 0 };
  }
  const pace = allowance(replay.perSecond, replay.nextAt, deps.now());
  if (pace.countMax === 0) return { ...standing, waitMs: Math.min(pace.waitMs, paceWaitMsMax) };
  const countMax = Math.min(room, deliveriesPerStepMax, pace.countMax);
  const pageMax = Math.min(source.pageMax, Math.max(pageMin, 2 * countMax));
  const page = await source.read(deps.db, pageMax);
  const { chosen, last, isWhole } = choose(page, ({ target }) => target !== undefined, countMax);
  const isExhausted = isWhole && page.length < pageMax;
  const isScanned = isExhausted && source.before >= replay.before;
  const deliveries = chosen.flatMap(toDelivery);
  const made = await recordReplayStep(deps.db, {
    held,
    replay,
    deliveries,
    cursor: isExhausted ? cursorAt(source.before) : (last?.cursor ?? replay.cursor),
    isScanned,
    nextAt: pace.nextAt(chosen.length),
  });
  if (made === undefined) return standing;
  const goesOn = !isScanned && chosen.length < pace.countMax && room - chosen.length >= roomMin;
  return {
    webhookUuids: [...new Set(deliveries.map(({ webhookUuid }) => webhookUuid))],
    hasMoved: true,
    ...(goesOn && { waitMs: 0 }),
  };
}

/** Comes before everything of that time. */
function cursorAt(time: Date): Cursor {
  return { atUs: String(time.getTime() * 1000), uuid: "00000000-0000-0000-0000-000000000000" };
}

function toDelivery({ eventUuid, day, target }: Judged) {
  // A delivery's id tells its event's day.
  return target ? [{ uuid: newUuid(idTimeMs(eventUuid)), day, eventUuid, ...target }] : [];
}
