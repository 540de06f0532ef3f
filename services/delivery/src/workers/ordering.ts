import { isPassing } from "@posthorn/postgres";
import type { Clock, Logger } from "@posthorn/runtime";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { OrderedLane } from "../store/ordering.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { faultPauseMs } from "./loader.ts";

export interface OrderingDeps {
  readonly store: Pick<DeliveryStore, "freeAll" | "freeHeads" | "listOrderingKeys">;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is to be seen to of an ordered webhook. */
interface Order {
  /** Keys whose next delivery may have to be freed. */
  wanted: Set<string>;
  /** Any key may have to be looked at. */
  isAllWanted: boolean;
  isFreeing: boolean;
}

const keysPerStatementMax = 1000;

/**
 * Keeps the deliveries of ordered webhooks in the order of the log, one at a time for each
 * ordering key. All but one of a key wait in the schedule for good; only the partition's owner
 * frees the next, by statements that come after the commit that gave the occasion. So fan-out,
 * results, cancellations and replays need not know of each other, and repeating is harmless.
 */
export class Ordering {
  readonly #deps: OrderingDeps;
  readonly #orders = new Map<Lane, Order>();

  constructor(deps: OrderingDeps) {
    this.#deps = deps;
  }

  /** Frees the next delivery of a key, unless one is due or under way. */
  free(lane: Lane, key: string): void {
    this.#orderOf(lane).wanted.add(key);
    this.#begin(lane);
  }

  /** Looks at all keys of a webhook: it is not known what became of its deliveries. */
  freeAny(lane: Lane): void {
    this.#orderOf(lane).isAllWanted = true;
    this.#begin(lane);
  }

  /** Goes on with keys whose delivery has left memory. */
  lookAgain(lane: Lane): void {
    if (this.#orders.has(lane)) this.#begin(lane);
  }

  #orderOf(lane: Lane): Order {
    const existing = this.#orders.get(lane);
    if (existing) return existing;
    const made: Order = { wanted: new Set(), isAllWanted: false, isFreeing: false };
    this.#orders.set(lane, made);
    return made;
  }

  #begin(lane: Lane): void {
    const order = this.#orderOf(lane);
    if (order.isFreeing) return;
    order.isFreeing = true;
    this.#freeWanted(lane, order)
      .catch((error: unknown) => this.#onFault(lane, error))
      .finally(() => {
        order.isFreeing = false;
        if (order.wanted.size === 0 && !order.isAllWanted) this.#orders.delete(lane);
      });
  }

  /** Postgres is away: all of the webhook is looked at again when it is back. */
  #onFault(lane: Lane, error: unknown): void {
    const { log, clock } = this.#deps;
    if (!isPassing(error)) log.error({ err: error }, "what is next in order could not be freed");
    clock.after(faultPauseMs, () => {
      if (!lane.owned.lost.aborted) this.freeAny(lane);
    });
  }

  async #freeWanted(lane: Lane, order: Order): Promise<void> {
    await Promise.resolve(); // so that keys of the same turn share a statement
    for (;;) {
      if (lane.owned.lost.aborted) return this.#drop(lane);
      if (order.isAllWanted) {
        order.isAllWanted = false;
        await this.#freeEverywhere(lane, order);
      }
      if ((await this.#freeWantedKeys(lane, order)) === 0 && !order.isAllWanted) return;
    }
  }

  /** Gives how many keys it looked at. */
  async #freeWantedKeys(lane: Lane, { wanted }: Order): Promise<number> {
    const { store, lanes, clock } = this.#deps;
    // What is in memory may be under way, although a user canceled it: until its end, nothing follows.
    const keys = [...wanted].filter((key) => !lane.keysInMemory.has(key));
    for (let from = 0; from < keys.length; from += keysPerStatementMax) {
      const some = keys.slice(from, from + keysPerStatementMax);
      for (const key of some) wanted.delete(key);
      const freed = await store.freeHeads(targetOf(lane), some);
      const nowMs = clock.nowMs();
      for (const one of freed) lanes.expect(lane, one.deliveryClass, nowMs + one.waitMs);
    }
    return keys.length;
  }

  #drop(lane: Lane): void {
    this.#orders.delete(lane);
  }

  async #freeEverywhere(lane: Lane, order: Order): Promise<void> {
    const { store, lanes } = this.#deps;
    const target = targetOf(lane);
    if (lane.webhook && !lane.webhook.isOrdered) {
      while ((await store.freeAll(target)) > 0) lanes.expectAny(lane);
      return;
    }
    const countMax = keysPerStatementMax;
    let keys = await store.listOrderingKeys(target, { after: undefined, countMax });
    while (keys.length > 0 && !lane.owned.lost.aborted) {
      for (const key of keys) order.wanted.add(key);
      await this.#freeWantedKeys(lane, order);
      keys = await store.listOrderingKeys(target, { after: keys.at(-1), countMax });
    }
  }
}

function targetOf({ owned, webhookUuid }: Lane): OrderedLane {
  return { held: owned, webhookUuid };
}
