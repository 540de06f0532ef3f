import { setTimeout as sleep } from "node:timers/promises";
import { type Logger, type Part, untilStopped, uuidToId } from "@posthorn/runtime";
import { type Kysely, sql } from "kysely";
import type { Attempt } from "../domain/delivery.ts";
import { getAttempt } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";
import { getEvent, listEvents, type StoredEvent, tellOfEvents } from "../store/events.ts";

/** The channel on which watchers say whom they watch; payload: the workspace's UUID. */
export const watchChannel = "posthorn_watch";

/** Owners tell of a workspace's attempts and events for this long after somebody said that he watches. */
const watchedMs = 30_000;
const announceEveryMs = 10_000;
/** What waits for a slow watcher; the oldest are dropped beyond. */
const backlogMax = 1000;
/** By then every owner has heard that somebody watches. */
const catchUpMs = 1_000;
const catchUpCountMax = 250;

interface Watcher<T> {
  readonly workspaceUuid: string;
  push(item: T): void;
}

/**
 * Brings recorded attempts and stored events from the owners of partitions to those who watch
 * them, wherever they are connected. While nobody watches, recording them tells nobody.
 */
export class Watchers {
  readonly #db: Kysely<Database>;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #attempts = new Set<Watcher<Attempt>>();
  readonly #events = new Set<Watcher<StoredEvent>>();
  readonly #watchedUntilMs = new Map<string, number>();
  /** Events are read one after the other, so that they come in order. */
  #reading: Promise<void> = Promise.resolve();

  constructor(deps: { db: Kysely<Database>; log: Logger; now: () => Date }) {
    this.#db = deps.db;
    this.#log = deps.log;
    this.#now = deps.now;
  }

  /** Tells whether somebody, anywhere, watches the workspace. */
  isWatched(workspaceUuid: string): boolean {
    if (this.#watchedUntilMs.size === 0) return false;
    return (this.#watchedUntilMs.get(workspaceUuid) ?? 0) > performance.now();
  }

  /** Hears that somebody watches a workspace. */
  onWatch(workspaceUuid: string): void {
    this.#watchedUntilMs.set(workspaceUuid, performance.now() + watchedMs);
  }

  /** Hears of a recorded attempt and hands it to this process's watchers. */
  async onAttempt(payload: string): Promise<void> {
    const [workspaceUuid = "", day = "", deliveryUuid = "", number = ""] = payload.split(" ");
    const watchers = [...this.#attempts].filter((w) => w.workspaceUuid === workspaceUuid);
    if (watchers.length === 0) return;
    const key = { day, deliveryUuid, number: Number(number) };
    const attempt = await getAttempt(this.#db, workspaceUuid, key);
    if (attempt) for (const watcher of watchers) watcher.push(attempt);
  }

  /** Tells watchers, wherever they are, of events that this process has stored. */
  onStored(events: readonly { readonly workspaceUuid: string; readonly uuid: string }[]): void {
    if (this.#watchedUntilMs.size === 0) return;
    const watched = events.filter(({ workspaceUuid }) => this.isWatched(workspaceUuid));
    if (watched.length === 0) return;
    tellOfEvents(this.#db, watched).catch((error: unknown) => {
      this.#log.warn({ err: error }, "events could not be shown to their watchers");
    });
  }

  /** Hears of a stored event and hands it to this process's watchers. */
  async onEvent(payload: string): Promise<void> {
    const [workspaceUuid = "", uuid = ""] = payload.split(" ");
    const isWanted = [...this.#events].some((w) => w.workspaceUuid === workspaceUuid);
    if (!isWanted) return;
    const read = this.#reading.then(async () => {
      const event = await getEvent(this.#db, workspaceUuid, uuidToId("evt", uuid));
      if (!event) return;
      for (const watcher of this.#events) {
        if (watcher.workspaceUuid === workspaceUuid) watcher.push(event);
      }
    });
    this.#reading = read.catch(() => {}); // told to its own caller
    await read;
  }

  /** Gives a workspace's attempts as they are recorded, from now until the signal aborts. */
  async *watch(workspaceUuid: string, signal: AbortSignal): AsyncGenerator<Attempt> {
    const feed = new Feed<Attempt>(workspaceUuid, signal);
    this.#attempts.add(feed);
    try {
      await this.#announce(workspaceUuid);
      while (!signal.aborted) {
        yield* feed.take();
        await feed.changed();
      }
    } finally {
      this.#attempts.delete(feed);
      feed.close();
    }
  }

  /**
   * Gives a workspace's events as they are stored, each once, from now until the signal aborts.
   * Gives undefined once it watches, and whenever nothing came for `idleMs`.
   */
  async *watchEvents(
    workspaceUuid: string,
    { signal, idleMs }: { signal: AbortSignal; idleMs: number },
  ): AsyncGenerator<StoredEvent | undefined> {
    const after = this.#now();
    const feed = new Feed<StoredEvent>(workspaceUuid, signal);
    this.#events.add(feed);
    try {
      await this.#announce(workspaceUuid);
      yield undefined;
      void this.#catchUp(feed, after, signal);
      while (!signal.aborted) {
        yield* feed.take();
        if ((await feed.changed(idleMs)) === "idle") yield undefined;
      }
    } finally {
      this.#events.delete(feed);
      feed.close();
    }
  }

  /** Keeps saying whom this process watches. */
  part(): Part {
    return {
      name: "watchers",
      run: async (stop, ready) => {
        const timer = setInterval(() => void this.#announceAll(), announceEveryMs);
        ready();
        await untilStopped(stop);
        clearInterval(timer);
      },
    };
  }

  /** Owners may have stored events before they heard of the watcher. */
  async #catchUp(feed: Feed<StoredEvent>, after: Date, signal: AbortSignal): Promise<void> {
    try {
      await sleep(catchUpMs, undefined, { signal, ref: false });
      const page = { cursor: undefined, sizeMax: catchUpCountMax };
      const { items } = await listEvents(this.#db, feed.workspaceUuid, { after }, page);
      for (const event of items.toReversed()) feed.push(event);
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error }, "a watcher may have missed events");
    }
  }

  async #announceAll(): Promise<void> {
    const nowMs = performance.now();
    for (const [uuid, untilMs] of this.#watchedUntilMs) {
      if (untilMs <= nowMs) this.#watchedUntilMs.delete(uuid);
    }
    const watchers = [...this.#attempts, ...this.#events];
    for (const uuid of new Set(watchers.map((watcher) => watcher.workspaceUuid))) {
      await this.#announce(uuid).catch(() => {}); // said again soon
    }
  }

  async #announce(workspaceUuid: string): Promise<void> {
    this.onWatch(workspaceUuid);
    await sql`select pg_notify(${watchChannel}, ${workspaceUuid})`.execute(this.#db);
  }
}

/** What came for one watcher and was not taken yet; nothing comes twice. */
class Feed<T extends { readonly id: string }> implements Watcher<T> {
  readonly workspaceUuid: string;
  readonly #signal: AbortSignal;
  readonly #seen = new Set<string>();
  readonly #wake = () => this.#woken.resolve("changed");
  #woken = Promise.withResolvers<"changed" | "idle">();
  #backlog: T[] = [];

  constructor(workspaceUuid: string, signal: AbortSignal) {
    this.workspaceUuid = workspaceUuid;
    this.#signal = signal;
    signal.addEventListener("abort", this.#wake, { once: true });
  }

  push(item: T): void {
    if (this.#seen.has(item.id)) return;
    this.#seen.add(item.id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= backlogMax) break;
      this.#seen.delete(oldest);
    }
    if (this.#backlog.push(item) > backlogMax) this.#backlog.shift();
    this.#wake();
  }

  take(): T[] {
    return this.#backlog.splice(0);
  }

  /** Returns when something has come, the signal aborts, or the time is over. */
  async changed(idleMs?: number): Promise<"changed" | "idle"> {
    const { promise, resolve } = this.#woken;
    const timer = idleMs === undefined ? undefined : setTimeout(() => resolve("idle"), idleMs);
    const what = await promise;
    clearTimeout(timer);
    this.#woken = Promise.withResolvers();
    return what;
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#wake);
  }
}
