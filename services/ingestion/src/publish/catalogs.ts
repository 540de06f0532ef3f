import type { Client } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { type Catalog, catalogOf } from "@posthorn/event";
import type { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import type { Logger } from "@posthorn/runtime";

/** What the catalogs need. */
export interface CatalogsDeps {
  readonly subscription: Client<typeof SubscriptionSyncService>;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly monotonicMs: () => number;
}

/**
 * The catalogs of the providers that publish here, kept by asking the subscription service. What
 * is known is good for one second after it was asked for; under load it is asked for again
 * beforehand, so that no publish waits. While subscription is down, what was known stays good.
 */
export interface Catalogs {
  /** The catalog when it is good now, without waiting. */
  fresh(provider: string): Catalog | undefined;
  /** The catalog, asked for if need be. Throws `not_found`; `unavailable` when nothing is known. */
  current(provider: string): Promise<Catalog>;
  /** The catalog as of a question asked after this call. Throws `not_found` and `unavailable`. */
  latest(provider: string): Promise<Catalog>;
  /** Adds a type and gives the catalog after that. Throws `precondition` when it may not. */
  addType(provider: string, name: string): Promise<Catalog>;
}

interface Entry {
  readonly provider: string;
  catalog: Catalog | undefined;
  /** When the last question that was answered was asked. */
  askedAtMs: number;
  /** When the last question failed; undefined once one is answered. */
  failedAtMs: number | undefined;
  running: Promise<Catalog> | undefined;
  waiting: Promise<Catalog> | undefined;
}

const goodForMs = 1_000;
const askAgainAfterMs = 500;
const question = { timeoutMs: 1_000 };

/** Keeps the catalogs; one question at a time for each provider. */
export function catalogs({ subscription, log, monotonicMs }: CatalogsDeps): Catalogs {
  const entries = new Map<string, Entry>();
  return {
    fresh(provider) {
      const entry = entries.get(provider);
      return entry && fresh(entry);
    },
    async current(provider) {
      const entry = entryOf(provider);
      const known = fresh(entry);
      if (known !== undefined) return known;
      return ask(entry).catch((error: unknown) => {
        if (entry.catalog === undefined) throw error;
        return entry.catalog;
      });
    },
    latest: (provider) => askAnew(entryOf(provider)),
    async addType(provider, name) {
      await subscription.addEventType({ provider, name }, question).catch(translate);
      return askAnew(entryOf(provider));
    },
  };

  function entryOf(provider: string): Entry {
    const known = entries.get(provider);
    if (known !== undefined) return known;
    const entry = newEntry(provider);
    entries.set(provider, entry);
    return entry;
  }

  function fresh(entry: Entry): Catalog | undefined {
    if (entry.catalog === undefined) return undefined;
    const nowMs = monotonicMs();
    const lastMs = entry.failedAtMs ?? entry.askedAtMs;
    // Its failure is logged where it is noticed, and nobody waits for this question.
    if (nowMs - lastMs > askAgainAfterMs) ask(entry).catch(() => {});
    const isGood = entry.failedAtMs !== undefined || nowMs - entry.askedAtMs <= goodForMs;
    return isGood ? entry.catalog : undefined;
  }

  /** Joins the question that is under way, else asks. */
  function ask(entry: Entry): Promise<Catalog> {
    entry.running ??= sync(entry).finally(() => {
      entry.running = undefined;
    });
    return entry.running;
  }

  /** Asks after the question that is under way, which may have been asked too early. */
  function askAnew(entry: Entry): Promise<Catalog> {
    if (entry.running === undefined) return ask(entry);
    entry.waiting ??= entry.running
      .catch(() => {}) // Told to those who asked it.
      .then(() => {
        entry.waiting = undefined;
        return ask(entry);
      });
    return entry.waiting;
  }

  async function sync(entry: Entry): Promise<Catalog> {
    const askedAtMs = monotonicMs();
    try {
      const catalog = await answerOf(entry);
      Object.assign(entry, { catalog, askedAtMs, failedAtMs: undefined });
      return catalog;
    } catch (error) {
      noteFailure(entry, error);
      return translate(error);
    }
  }

  async function answerOf({ provider, catalog }: Entry): Promise<Catalog> {
    const knownRevision = catalog?.revision ?? 0n;
    const answer = await subscription.syncCatalog({ provider, knownRevision }, question);
    const now = answer.catalog ? catalogOf(answer.catalog, answer.revision, catalog) : catalog;
    if (now === undefined) throw new Error(`the answer holds no catalog of ${provider}`);
    return now;
  }

  function noteFailure(entry: Entry, error: unknown): void {
    if (hasReason(error, "not_found")) {
      entry.catalog = undefined;
      return;
    }
    if (entry.failedAtMs === undefined) {
      log.warn({ err: error, provider: entry.provider }, "the catalog could not be asked for");
    }
    entry.failedAtMs = monotonicMs();
  }
}

function newEntry(provider: string): Entry {
  return {
    provider,
    catalog: undefined,
    askedAtMs: Number.NEGATIVE_INFINITY,
    failedAtMs: undefined,
    running: undefined,
    waiting: undefined,
  };
}

/** Whatever keeps subscription from answering, a publisher should wait and publish again. */
function translate(error: unknown): never {
  if (hasReason(error, "not_found") || hasReason(error, "precondition")) throw error;
  const message = "the event catalog cannot be asked for now";
  throw new AppError("unavailable", message, { cause: error, retryAfterMs: 1_000 });
}

function hasReason(error: unknown, reason: AppError["reason"]): boolean {
  return error instanceof AppError && error.reason === reason;
}
