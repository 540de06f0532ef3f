import type { DeliveryStore } from "../store/delivery-store.ts";
import type { FannedOut, FanOut, NewEvent } from "../store/fan-outs.ts";
import type { LaneState, StoredLaneState } from "../store/lanes.ts";
import type { Held } from "../store/partitions.ts";
import type { Result } from "../store/result.ts";
import { failureCount, heldKey } from "../store/results.ts";
import type { Waiting, WaitingLane } from "../store/schedule.ts";
import type { DeliveryRow, LaneRow, ScheduleRow, Tables } from "./tables.ts";
import type { Witness } from "./witness.ts";
import type { World } from "./world.ts";

/** A rule of the statements that a test can have broken, to see that the simulation finds it. */
export type Rule = "epoch" | "offset" | "lease" | "ended-stays" | "retry-after" | "order";

/** The store's statements as they are once they have reached Postgres: one after another. */
export type Statements = {
  readonly [Name in keyof DeliveryStore]: (
    ...args: Parameters<DeliveryStore[Name]>
  ) => Awaited<ReturnType<DeliveryStore[Name]>>;
};

export interface MemoryStoreDeps {
  readonly world: World;
  readonly tables: Tables;
  readonly witness: Witness;
  readonly broken: ReadonlySet<Rule>;
}

/** The statements on tables in memory, by the rules of the SQL. */
export function memoryStore({ world, tables, witness, broken }: MemoryStoreDeps): Statements {
  return {
    claimPartition({ partition, owner, leaseMs }) {
      const row = partitionOf(partition);
      const isFree = row.owner === undefined || row.owner === owner;
      if (!isFree && row.leaseUntilMs >= world.nowMs && !broken.has("lease")) return undefined;
      row.owner = owner;
      row.epoch += 1n;
      row.leaseUntilMs = world.nowMs + leaseMs;
      witness.onClaimed(partition);
      return String(row.epoch);
    },

    renewLeases(held, leaseMs) {
      const renewed = held.filter(isHeld);
      for (const { partition } of renewed) {
        partitionOf(partition).leaseUntilMs = world.nowMs + leaseMs;
      }
      return new Set(renewed.map(({ partition }) => partition));
    },

    releasePartition(held) {
      if (!isHeld(held)) return;
      Object.assign(partitionOf(held.partition), {
        owner: undefined,
        leaseUntilMs: Number.NEGATIVE_INFINITY,
      });
    },

    getNextOffset: (partition) => tables.progress[partition] ?? 0n,
    listStoredEvents: (_day, uuids) => uuids.filter((uuid) => tables.events.has(uuid)),
    insertFanOut,

    recordResults(results) {
      const held = results.filter((result) => isHeld(result.held));
      for (const result of held) {
        witness.onWrite(result.held);
        recordResult(result);
      }
      leaveBehind(held);
      return new Set(held.map((result) => heldKey(result.held)));
    },

    listWaitingLanes(partition) {
      const lanes = new Map<string, WaitingLane>();
      for (const { delivery, deliveryClass, dueAtMs } of byDue(inPartition(partition))) {
        const { webhookUuid, workspaceUuid } = delivery;
        const key = `${webhookUuid} ${deliveryClass}`;
        if (lanes.has(key)) continue;
        const isOrdered = ofWebhook(partition, webhookUuid).some(({ order }) => order);
        const waitMs = msUntil(dueAtMs);
        lanes.set(key, { webhookUuid, workspaceUuid, deliveryClass, isOrdered, waitMs });
      }
      return [...lanes.keys()].sort().flatMap((key) => lanes.get(key) ?? []);
    },

    listDue({ partition, webhookUuid, deliveryClass, busy, countMax }) {
      const waiting = byDue(
        ofWebhook(partition, webhookUuid).filter(
          (row) =>
            row.deliveryClass === deliveryClass &&
            row.dueAtMs < Number.POSITIVE_INFINITY &&
            !busy.includes(row.delivery.uuid),
        ),
      );
      const due = waiting.slice(0, countMax).filter(({ dueAtMs }) => dueAtMs <= world.nowMs);
      const next = waiting[due.length];
      return { due: due.map(toWaiting), nextWaitMs: next && msUntil(next.dueAtMs) };
    },

    cancelWaiting({ partition, webhookUuid, reason }) {
      const gone = ofWebhook(partition, webhookUuid).slice(0, 5000);
      for (const { delivery } of gone) cancel(delivery, reason);
      return gone.length;
    },

    cancelMadeBefore({ partition, webhookUuid, before }) {
      for (const { delivery } of ofWebhook(partition, webhookUuid)) {
        if (delivery.createdAtMs < world.msOf(before)) cancel(delivery, "CANCELED_BY_USER");
      }
      return undefined;
    },

    listOrderingKeys({ held, webhookUuid }, { after, countMax }) {
      const keys = ofWebhook(held.partition, webhookUuid).flatMap(
        ({ order }) => order?.place.key ?? [],
      );
      const next = [...new Set(keys)].sort().filter((key) => after === undefined || key > after);
      return next.slice(0, countMax);
    },

    freeHeads({ held, webhookUuid }, keys) {
      if (!isHeld(held)) return [];
      return keys.flatMap((key) => {
        const ofKey = ofWebhook(held.partition, webhookUuid).filter(
          ({ order }) => order?.place.key === key,
        );
        const isFree = ofKey.every(({ dueAtMs }) => dueAtMs === Number.POSITIVE_INFINITY);
        const head = broken.has("order") ? ofKey.sort(byPlace).at(-1) : ofKey.sort(byPlace)[0];
        if (!head?.order || !isFree) return [];
        witness.onWrite(held);
        head.dueAtMs = Math.max(world.nowMs, head.order.readyAtMs);
        return [{ deliveryClass: head.deliveryClass, waitMs: msUntil(head.dueAtMs) }];
      });
    },

    freeAll({ held, webhookUuid }) {
      const standing = isHeld(held)
        ? ofWebhook(held.partition, webhookUuid).filter(
            ({ order, dueAtMs }) => order && dueAtMs === Number.POSITIVE_INFINITY,
          )
        : [];
      for (const row of standing) {
        row.dueAtMs = Math.max(world.nowMs, row.order?.readyAtMs ?? 0);
        row.order = undefined;
      }
      return standing.length;
    },

    listLaneStates: (partition) =>
      [...tables.lanes].flatMap(([key, row]) => {
        const [ofPartition, webhookUuid = ""] = key.split(" ");
        const lane = toLaneState(webhookUuid, row);
        return Number(ofPartition) === partition && isTelling(lane) ? [lane] : [];
      }),

    recordLaneStates(states) {
      for (const { held, state } of states) {
        if (!isHeld(held)) continue;
        witness.onWrite(held);
        const row = tables.lane(held.partition, state.webhookUuid);
        Object.assign(row, { state, writtenAtMs: world.nowMs });
      }
    },

    deleteLaneState({ partition, webhookUuid }) {
      tables.lanes.delete(`${partition} ${webhookUuid}`);
    },
  };

  function partitionOf(partition: number) {
    const row = tables.partitions[partition];
    if (!row) throw new Error(`there is no partition ${partition}`);
    return row;
  }

  function isHeld({ partition, epoch }: Held): boolean {
    return broken.has("epoch") || String(partitionOf(partition).epoch) === epoch;
  }

  function msUntil(atMs: number): number {
    return Math.max(atMs - world.nowMs, 0);
  }

  function inPartition(partition: number): ScheduleRow[] {
    return [...tables.schedule.values()].filter(({ delivery }) => delivery.partition === partition);
  }

  function ofWebhook(partition: number, webhookUuid: string): ScheduleRow[] {
    return inPartition(partition).filter(({ delivery }) => delivery.webhookUuid === webhookUuid);
  }

  function cancel(delivery: DeliveryRow, reason: string): void {
    tables.schedule.delete(delivery.uuid);
    changeState(delivery, "CANCELED", reason);
  }

  function toLaneState(webhookUuid: string, row: LaneRow): StoredLaneState {
    const { state, writtenAtMs, blockedUntilMs } = row;
    const left = (waitMs = 0) => Math.max(writtenAtMs + waitMs - world.nowMs, 0);
    return {
      ...(state ?? untold),
      webhookUuid,
      breakerWaitMs: left(state?.breakerWaitMs),
      rateWaitMs: left(state?.rateWaitMs),
      blockedWaitMs: msUntil(blockedUntilMs),
    };
  }

  function insertFanOut(fanOut: FanOut): ReadonlySet<string> | undefined {
    const { held, fromOffset, toOffset, deliveries } = fanOut;
    const isNext = tables.progress[held.partition] === fromOffset || broken.has("offset");
    if (!isHeld(held) || !isNext) return undefined;
    tables.progress[held.partition] = toOffset;
    witness.onWrite(held);
    witness.onOffset(held.partition, { from: fromOffset, to: toOffset });
    const fresh = fanOut.events.filter(({ uuid }) => !tables.events.has(uuid));
    for (const event of fresh) insertEvent(event);
    const uuids = new Set(fresh.map(({ uuid }) => uuid));
    for (const one of deliveries) {
      if (uuids.has(one.delivery.event.uuid)) insertDelivery(held.partition, one);
    }
    for (const { error } of fanOut.parked) world.violated(`a record was parked: ${error}`);
    leaveBehind(deliveries.flatMap(({ result }) => result ?? []));
    return uuids;
  }

  function insertEvent(event: NewEvent): void {
    tables.events.set(event.uuid, event);
    witness.onEvent(event);
  }

  function insertDelivery(partition: number, { delivery, result }: FannedOut): void {
    const row: DeliveryRow = {
      uuid: delivery.uuid,
      partition,
      workspaceUuid: delivery.event.workspaceUuid,
      webhookUuid: delivery.webhookUuid,
      eventUuid: delivery.event.uuid,
      triggerId: "",
      createdAtMs: world.nowMs,
      state: "PENDING",
      stateReason: "",
      attemptCount: result?.attempt?.number ?? 0,
      failureCount: result ? failureCount(result) : 0,
    };
    tables.insertDelivery(row);
    witness.onDelivery(row);
    if (result) changeState(row, result.state, result.stateReason);
    if (row.state !== "PENDING") return;
    const dueAt = result ? result.dueAt : delivery.dueAt;
    const readyAtMs = dueAt ? world.msOf(dueAt) : world.nowMs;
    const { place } = delivery;
    tables.insertSchedule({
      delivery: row,
      deliveryClass: result ? 1 : 0,
      dueAtMs: place ? Number.POSITIVE_INFINITY : readyAtMs,
      attemptCount: row.attemptCount,
      order: place && { place, readyAtMs },
    });
  }

  function recordResult(result: Result): void {
    const row = tables.deliveries.get(result.deliveryUuid);
    const waiting = tables.schedule.get(result.deliveryUuid);
    const { attempt, dueAt } = result;
    if (!row || (attempt && attempt.number <= row.attemptCount)) return;
    changeState(row, result.state, result.stateReason);
    row.attemptCount = attempt?.number ?? row.attemptCount;
    row.failureCount += failureCount(result);
    if (!dueAt) tables.schedule.delete(result.deliveryUuid);
    else if (waiting) {
      waiting.dueAtMs = world.msOf(dueAt);
      waiting.attemptCount = attempt?.number ?? waiting.attemptCount;
      waiting.deliveryClass = waiting.deliveryClass === 0 ? 1 : waiting.deliveryClass;
    }
  }

  function changeState(row: DeliveryRow, to: DeliveryRow["state"], reason: string): void {
    if (row.state !== "PENDING" && !broken.has("ended-stays")) return;
    if (row.state !== to) witness.onState(row, to);
    Object.assign(row, { state: to, stateReason: reason });
  }

  function leaveBehind(results: readonly Result[]): void {
    for (const result of results) {
      recordAttempt(result);
      const { laneBlockedUntil, webhookUuid, held } = result;
      if (laneBlockedUntil && !broken.has("retry-after")) {
        const row = tables.lane(held.partition, webhookUuid);
        row.blockedUntilMs = Math.max(row.blockedUntilMs, world.msOf(laneBlockedUntil));
      }
      if (result.isGone && result.aim) {
        tables.outbox.push({ webhookUuid, version: result.aim.version });
      }
    }
  }

  function recordAttempt(result: Result): void {
    const { attempt, deliveryUuid } = result;
    if (!attempt) return;
    const recorded = tables.attempts.get(deliveryUuid) ?? new Map();
    tables.attempts.set(deliveryUuid, recorded);
    if (recorded.has(attempt.number)) return;
    recorded.set(attempt.number, { attempt, recordedAtMs: world.nowMs });
    witness.onAttempt(result, attempt);
  }

  function toWaiting({ delivery, attemptCount, dueAtMs, order }: ScheduleRow): Waiting {
    const event = tables.events.get(delivery.eventUuid);
    if (!event) throw new Error(`event ${delivery.eventUuid} is not there`);
    return {
      deliveryUuid: delivery.uuid,
      day: event.day,
      eventUuid: event.uuid,
      eventType: event.type,
      data: Buffer.from(event.data),
      time: event.time,
      traceparent: event.traceparent,
      attemptCount,
      overdueMs: world.nowMs - dueAtMs,
      orderingKey: order?.place.key,
      orderWaitMs: order && attemptCount === 0 ? dueAtMs - order.readyAtMs : 0,
      pin: undefined,
    };
  }
}

const untold: Omit<LaneState, "webhookUuid"> = {
  breakerState: "CLOSED",
  breakerReason: "",
  breakerWaitMs: 0,
  breakerOpenCount: 0,
  rateWaitMs: 0,
  concurrency: undefined,
  canceledBefore: undefined,
};

function byDue(rows: ScheduleRow[]): ScheduleRow[] {
  const isEarlier = (a: ScheduleRow, b: ScheduleRow) => a.dueAtMs < b.dueAtMs;
  return rows.sort(
    (a, b) => Number(isEarlier(b, a)) - Number(isEarlier(a, b)) || a.sequence - b.sequence,
  );
}

/** What there is nothing to know of is left out. */
function isTelling(lane: StoredLaneState): boolean {
  const { breakerState, concurrency, canceledBefore, blockedWaitMs, rateWaitMs } = lane;
  const isKept = concurrency !== undefined || canceledBefore !== undefined;
  return breakerState !== "CLOSED" || isKept || blockedWaitMs > 0 || rateWaitMs > 0;
}

function byPlace(a: ScheduleRow, b: ScheduleRow): number {
  return (
    Number((a.order?.place.sequence ?? 0n) - (b.order?.place.sequence ?? 0n)) ||
    a.sequence - b.sequence
  );
}
