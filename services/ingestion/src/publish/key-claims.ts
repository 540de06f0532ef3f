import { AppError } from "@posthorn/errors";
import { isUniqueViolation, transaction } from "@posthorn/postgres";
import type { Kysely } from "kysely";
import {
  type Claimed,
  type ClaimOutcome,
  decideClaims,
  type KeyClaim,
} from "../domain/key-claim.ts";
import { limits } from "../domain/limits.ts";
import type { Database } from "../store/database.ts";
import { deleteNamedExpiredKeys, insertKeys, listKeys } from "../store/idempotency-keys.ts";

/** What the claims need. */
export interface KeyClaimsDeps {
  readonly db: Kysely<Database>;
  readonly newEventUuid: () => string;
  readonly nowMs: () => number;
}

/**
 * Claims the keys of one request, all or none, and gives their events in its order: new ones for
 * new keys, the same ones as before for keys with the same body. Durable when it
 * resolves. Requests that come at once share their statements. Throws `conflict` when a key has
 * another body, `unavailable` when too many wait.
 */
export type ClaimKeys = (claims: readonly KeyClaim[]) => Promise<readonly Claimed[]>;

interface Waiting {
  readonly claims: readonly KeyClaim[];
  settle(outcome: ClaimOutcome): void;
  fail(error: unknown): void;
}

/** Measured in dependencies.md: batches of a few hundred rows cost little more than one row. */
const flushKeysMax = 500;
const waitingKeysMax = 20_000;
/** Each further try means that another process claimed one of the keys at the same moment. */
const triesMax = 10;

/**
 * Gathers claims: when none is under way, what came in one turn of the event loop goes at once,
 * else all that came meanwhile goes together.
 */
export function keyClaims(deps: KeyClaimsDeps): ClaimKeys {
  let queue: Waiting[] = [];
  let waitingKeys = 0;
  let isFlushing = false;
  return (claims) => {
    if (waitingKeys + claims.length > waitingKeysMax) {
      return Promise.reject(
        new AppError("unavailable", "too many publishes wait", { retryAfterMs: 1_000 }),
      );
    }
    waitingKeys += claims.length;
    return new Promise((resolve, reject) => {
      queue.push({
        claims,
        settle: (outcome) => ("error" in outcome ? reject(outcome.error) : resolve(outcome.events)),
        fail: reject,
      });
      if (!isFlushing) void flushAll();
    });
  };

  async function flushAll(): Promise<void> {
    isFlushing = true;
    await new Promise(setImmediate);
    while (queue.length > 0) await flush(takeSome());
    isFlushing = false;
  }

  function takeSome(): Waiting[] {
    let keys = 0;
    let count = 0;
    for (const { claims } of queue) {
      if (count > 0 && keys + claims.length > flushKeysMax) break;
      keys += claims.length;
      count += 1;
    }
    const taken = queue.slice(0, count);
    queue = queue.slice(count);
    waitingKeys -= keys;
    return taken;
  }

  async function flush(requests: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await claimTogether(
        deps,
        requests.map((request) => request.claims),
      );
      for (const [index, outcome] of outcomes.entries()) requests[index]?.settle(outcome);
    } catch (error) {
      for (const request of requests) request.fail(error);
    }
  }
}

async function claimTogether(
  deps: KeyClaimsDeps,
  requests: readonly (readonly KeyClaim[])[],
): Promise<readonly ClaimOutcome[]> {
  for (let tryCount = 1; ; tryCount += 1) {
    const outcomes = await tryClaim(deps, requests);
    if (outcomes !== undefined) return outcomes;
    if (tryCount < triesMax) continue;
    throw new AppError("unavailable", "idempotency keys are claimed elsewhere at this moment");
  }
}

/** Undefined when another process claimed one of the keys since they were read. */
async function tryClaim(
  { db, newEventUuid, nowMs }: KeyClaimsDeps,
  requests: readonly (readonly KeyClaim[])[],
): Promise<readonly ClaimOutcome[] | undefined> {
  const createdAtMs = nowMs();
  const livesSince = new Date(createdAtMs - limits.keyLifeMs);
  const rows = await listKeys(db, requests.flat(), livesSince);
  const expired = rows.filter((row) => row.isExpired);
  if (expired.length > 0) {
    await transaction(db, (tx) => deleteNamedExpiredKeys(tx, expired, livesSince));
  }
  const taken = rows.filter((row) => !row.isExpired);
  const { outcomes, added } = decideClaims(requests, taken, newEventUuid);
  if (added.length === 0) return outcomes;
  try {
    await insertKeys(db, added, new Date(createdAtMs));
    return outcomes;
  } catch (error) {
    if (isUniqueViolation(error, "idempotency_key_pkey")) return undefined;
    throw error;
  }
}
