import { type Ring, ring } from "./ring.ts";

/** What a delivery waits for: its first attempt, a retry, or a replay (0, 1, 2 in tables). */
export type DeliveryClass = 0 | 1 | 2;

/** All classes; live traffic is the first two. */
export const deliveryClasses = [0, 1, 2] as const;

/** The slots that are kept for each class while it has work, as shares of all. */
const budgets = [0.4, 0.2, 0.4] as const;
/** Retries and replays leave at least this share of the slots to first attempts, work or not. */
const reserve = 0.1;
/** A workspace may take this many times what is left free, so that something always is. */
const workspaceGreed = 8;
/** A delivery costs its place, and one more for each of these bytes. */
const bytesPerUnit = 16_384;
/** While more than this share of the slots is free, a lane that has none gets one. */
const lastFree = 0.05;
/** Lanes over their share that are passed over in one search, and in one look at a workspace. */
const deniedCountMax = 64;
const deniedAtOnceMax = 8;

/** A workspace's part in the slots. */
export interface WorkspaceShare {
  readonly workspaceUuid: string;
  /** Slots in use. */
  usedCount: number;
  /** Lanes that belong to it. */
  laneCount: number;
  /** By class. */
  readonly credits: number[];
  readonly rings: readonly Ring<Claimant>[];
  /** The latest search through a class, and how many of its lanes in a row that one passed over. */
  search: number;
  deniedCount: number;
}

/** A lane's part in the slots. */
export interface LaneShare {
  readonly workspace: WorkspaceShare;
  /** Slots in use. */
  usedCount: number;
  /** Whether it stands in line, by class. */
  readonly isWaiting: boolean[];
  /** By class. */
  readonly credits: number[];
}

/** Who stands in line for slots. */
export interface Claimant {
  readonly share: LaneShare;
}

/** Whose turn it is. */
export interface Turn<C extends Claimant> {
  readonly lane: C;
  readonly deliveryClass: DeliveryClass;
}

/** Tells whether a lane can use a slot for a class now. */
export type IsAble<C extends Claimant> = (lane: C, deliveryClass: DeliveryClass) => boolean;

/**
 * Shares slots out between classes, then workspaces, then the lanes (webhooks) of a workspace.
 * Every operation costs O(1), however many lanes and deliveries wait.
 *
 * - **Classes**: first attempts keep 40 % of the slots while they have work, retries 20 %, replays
 *   40 %. What a class does not need the others borrow, live traffic before replays; what is lent
 *   comes back as POSTs end. Retries and replays never have more than 90 %.
 * - **Workspaces and lanes** take turns by deficit round robin; a delivery costs by its bytes. A
 *   workspace may use at most eight times the slots that are free, and a lane as many as its
 *   workspace has left; a first one it gets anyway, unless hardly any is free. So those that do
 *   not answer never take the last slot, and others find some without anybody having to know how
 *   many there are.
 */
export class Shares<C extends Claimant> {
  /** Slots in use, by class. */
  readonly usedByClass = [0, 0, 0];
  /** Slots in use. */
  usedCount = 0;
  readonly #slotCount: number;
  readonly #kept: readonly number[];
  readonly #furtherMax: number;
  readonly #untouchedCount: number;
  readonly #workspaces = new Map<string, WorkspaceShare>();
  readonly #lines = deliveryClasses.map(() => ring<WorkspaceShare>());
  #leftToDeny = 0;
  #searchCount = 0;
  /** Everybody in line has been looked at, in vain, and nothing has changed since. */
  #isFruitless = false;

  constructor(slotCount: number) {
    this.#slotCount = slotCount;
    this.#kept = budgets.map((budget) => Math.max(1, Math.round(slotCount * budget)));
    this.#furtherMax = Math.max(1, Math.floor(slotCount * (1 - reserve)));
    this.#untouchedCount = Math.ceil(slotCount * lastFree);
  }

  /** Begins a lane's share. */
  join(workspaceUuid: string): LaneShare {
    const workspace = this.#workspaces.get(workspaceUuid) ?? newWorkspace(workspaceUuid);
    this.#workspaces.set(workspaceUuid, workspace);
    workspace.laneCount += 1;
    return { workspace, usedCount: 0, isWaiting: [false, false, false], credits: [0, 0, 0] };
  }

  /** Ends a lane's share; slots that it has in use may be given back later. */
  leave({ workspace }: LaneShare): void {
    workspace.laneCount -= 1;
    if (workspace.laneCount === 0) this.#workspaces.delete(workspace.workspaceUuid);
  }

  /** Puts a lane in line with work of a class; nothing when it stands there already. */
  wait(lane: C, deliveryClass: DeliveryClass): void {
    const { isWaiting, workspace } = lane.share;
    if (isWaiting[deliveryClass]) return;
    isWaiting[deliveryClass] = true;
    this.#isFruitless = false;
    const lanes = at(workspace.rings, deliveryClass);
    lanes.push(lane);
    if (lanes.size === 1) at(this.#lines, deliveryClass).push(workspace);
  }

  /**
   * Finds whose turn it is. A lane that is not able to use a slot leaves the line until it waits
   * anew; `isAble` must not put one in line. Undefined when nobody is able, or all who are have
   * their share: then a slot that is given back is the next occasion.
   */
  next(isAble: IsAble<C>): Turn<C> | undefined {
    this.#leftToDeny = deniedCountMax;
    if (this.usedCount >= this.#slotCount || this.#isFruitless) return undefined;
    const turn = this.#search(isAble, true) ?? this.#search(isAble, false);
    this.#isFruitless = turn === undefined && !this.isCutShort;
    return turn;
  }

  /** Whether the last search was given up before everybody in line was looked at. */
  get isCutShort(): boolean {
    return this.#leftToDeny <= 0;
  }

  /** Tells whether a class may take one more slot beside what is kept for the others. */
  mayTake(deliveryClass: DeliveryClass): boolean {
    if (this.usedCount >= this.#slotCount) return false;
    const furtherCount = at(this.usedByClass, 1) + at(this.usedByClass, 2);
    return deliveryClass === 0 || furtherCount < this.#furtherMax;
  }

  /** Takes a slot, for a delivery of so many bytes. */
  take(share: LaneShare, deliveryClass: DeliveryClass, bytes: number): void {
    const cost = 1 + Math.floor(bytes / bytesPerUnit);
    charge(share.credits, deliveryClass, cost);
    charge(share.workspace.credits, deliveryClass, cost);
    this.#count(share, deliveryClass, 1);
  }

  /** Gives a slot back. */
  giveBack(share: LaneShare, deliveryClass: DeliveryClass): void {
    this.#isFruitless = false;
    this.#count(share, deliveryClass, -1);
  }

  /** Searches the classes that have not yet all that is kept for them, or the others. */
  #search(isAble: IsAble<C>, isWithin: boolean): Turn<C> | undefined {
    for (const deliveryClass of deliveryClasses) {
      if (at(this.#lines, deliveryClass).size === 0) continue;
      if (isWithin !== at(this.usedByClass, deliveryClass) < at(this.#kept, deliveryClass))
        continue;
      const lane = this.mayTake(deliveryClass) ? this.#nextOf(deliveryClass, isAble) : undefined;
      if (lane) return { lane, deliveryClass };
    }
    return undefined;
  }

  #nextOf(deliveryClass: DeliveryClass, isAble: IsAble<C>): C | undefined {
    const line = at(this.#lines, deliveryClass);
    this.#searchCount += 1;
    let fruitlessCount = 0; // workspaces in a row
    while (fruitlessCount < line.size && this.#leftToDeny > 0) {
      const workspace = line.shift();
      if (!workspace) return undefined;
      const lanes = at(workspace.rings, deliveryClass);
      const hasTurn = hasCredit(workspace.credits, deliveryClass);
      this.#meet(workspace);
      const lane = hasTurn ? this.#nextIn(workspace, deliveryClass, isAble) : undefined;
      if (lanes.size > 0) line.push(workspace);
      if (lane) return lane;
      if (!hasTurn) fruitlessCount = 0;
      else if (lanes.size > 0 && workspace.deniedCount >= lanes.size) fruitlessCount += 1;
    }
    return undefined;
  }

  /**
   * Finds whose turn it is among a workspace's lanes; undefined when none of them is able, or those
   * that were looked at have their share.
   */
  #nextIn(
    workspace: WorkspaceShare,
    deliveryClass: DeliveryClass,
    isAble: IsAble<C>,
  ): C | undefined {
    const lanes = at(workspace.rings, deliveryClass);
    let deniedCount = 0; // in a row
    while (deniedCount < Math.min(lanes.size, deniedAtOnceMax)) {
      const lane = lanes.shift() as C; // only lanes of this kind ever wait in it
      if (this.#isOverShare(lane.share)) {
        lanes.push(lane);
        deniedCount += 1;
        workspace.deniedCount += 1;
        this.#leftToDeny -= 1;
      } else if (!isAble(lane, deliveryClass)) {
        lane.share.isWaiting[deliveryClass] = false;
      } else {
        lanes.push(lane);
        if (hasCredit(lane.share.credits, deliveryClass)) return lane;
        deniedCount = 0;
        workspace.deniedCount = 0;
      }
    }
    return undefined;
  }

  /** Begins to count anew in a new search. */
  #meet(workspace: WorkspaceShare): void {
    if (workspace.search === this.#searchCount) return;
    workspace.search = this.#searchCount;
    workspace.deniedCount = 0;
  }

  #isOverShare({ usedCount, workspace }: LaneShare): boolean {
    const freeCount = this.#slotCount - this.usedCount;
    if (usedCount === 0 && freeCount > this.#untouchedCount) return false;
    const workspaceMax = Math.max(1, Math.min(this.#slotCount, workspaceGreed * freeCount));
    return usedCount >= workspaceMax - workspace.usedCount;
  }

  #count(share: LaneShare, deliveryClass: DeliveryClass, change: 1 | -1): void {
    this.usedCount += change;
    this.usedByClass[deliveryClass] = at(this.usedByClass, deliveryClass) + change;
    share.usedCount += change;
    share.workspace.usedCount += change;
  }
}

function newWorkspace(workspaceUuid: string): WorkspaceShare {
  return {
    workspaceUuid,
    usedCount: 0,
    laneCount: 0,
    credits: [0, 0, 0],
    rings: deliveryClasses.map(() => ring<Claimant>()),
    search: 0,
    deniedCount: 0,
  };
}

function charge(credits: number[], deliveryClass: DeliveryClass, cost: number): void {
  credits[deliveryClass] = at(credits, deliveryClass) - cost;
}

/** Adds one unit where credit is used up, and tells whether there is some now. */
function hasCredit(credits: number[], deliveryClass: DeliveryClass): boolean {
  if (at(credits, deliveryClass) <= 0) charge(credits, deliveryClass, -1);
  return at(credits, deliveryClass) > 0;
}

function at<T>(values: readonly T[], deliveryClass: DeliveryClass): T {
  return values[deliveryClass] as T; // there is one for each class
}
