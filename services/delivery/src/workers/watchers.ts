import { type Part, untilStopped } from "@posthorn/runtime";
import { type Kysely, sql } from "kysely";
import type { Attempt } from "../domain/delivery.ts";
import { getAttempt } from "../store/attempts.ts";
import type { Database } from "../store/database.ts";

/** The channel on which watchers say whom they watch; payload: the workspace's UUID. */
export const watchChannel = "posthorn_watch";

/** Owners tell of a workspace's attempts for this long after somebody said that he watches. */
const watchedMs = 30_000;
const announceEveryMs = 10_000;
/** Attempts that wait for a slow watcher; the oldest are dropped beyond. */
const backlogMax = 1000;

interface Watcher {
  readonly workspaceUuid: string;
  push(attempt: Attempt): void;
}

/**
 * Brings recorded attempts from the owners of partitions to those who watch them, wherever they
 * are connected. While nobody watches, recording an attempt tells nobody.
 */
export class Watchers {
  readonly #db: Kysely<Database>;
  readonly #watchers = new Set<Watcher>();
  readonly #watchedUntilMs = new Map<string, number>();

  constructor(deps: { db: Kysely<Database> }) {
    this.#db = deps.db;
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
    const watchers = [...this.#watchers].filter((w) => w.workspaceUuid === workspaceUuid);
    if (watchers.length === 0) return;
    const key = { day, deliveryUuid, number: Number(number) };
    const attempt = await getAttempt(this.#db, workspaceUuid, key);
    if (attempt) for (const watcher of watchers) watcher.push(attempt);
  }

  /** Gives a workspace's attempts as they are recorded, from now until the signal aborts. */
  async *watch(workspaceUuid: string, signal: AbortSignal): AsyncGenerator<Attempt> {
    const backlog: Attempt[] = [];
    let wake = Promise.withResolvers<void>();
    const watcher: Watcher = {
      workspaceUuid,
      push(attempt) {
        if (backlog.push(attempt) > backlogMax) backlog.shift();
        wake.resolve();
      },
    };
    const onAbort = () => wake.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#watchers.add(watcher);
    try {
      await this.#announce(workspaceUuid);
      while (!signal.aborted) {
        yield* backlog.splice(0);
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      this.#watchers.delete(watcher);
      signal.removeEventListener("abort", onAbort);
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

  async #announceAll(): Promise<void> {
    const nowMs = performance.now();
    for (const [uuid, untilMs] of this.#watchedUntilMs) {
      if (untilMs <= nowMs) this.#watchedUntilMs.delete(uuid);
    }
    for (const uuid of new Set([...this.#watchers].map((w) => w.workspaceUuid))) {
      await this.#announce(uuid).catch(() => {}); // said again soon
    }
  }

  async #announce(workspaceUuid: string): Promise<void> {
    this.onWatch(workspaceUuid);
    await sql`select pg_notify(${watchChannel}, ${workspaceUuid})`.execute(this.#db);
  }
}
