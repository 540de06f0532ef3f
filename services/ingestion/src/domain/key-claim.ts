import { AppError } from "@posthorn/errors";

/** What a publish with an idempotency key asks for. */
export interface KeyClaim {
  /** The workspace's UUID. */
  readonly workspaceUuid: string;
  readonly key: string;
  /** SHA-256, 32 bytes. */
  readonly bodyHash: Uint8Array;
  /** The JSON path of the event, for the refusal. */
  readonly field: string;
}

/** A key that is taken. */
export interface ClaimedKey {
  readonly workspaceUuid: string;
  readonly key: string;
  readonly bodyHash: Uint8Array;
  /** The UUID of the event's id. */
  readonly eventUuid: string;
}

/** The event that a key stands for. */
export interface Claimed {
  /** The UUID of its id. */
  readonly eventUuid: string;
  /** Another publish, or an earlier event of this one, had the key: it may be in the log. */
  readonly isRepeat: boolean;
}

/** The events of one request, in its order, or why it was refused. */
export type ClaimOutcome = { readonly events: readonly Claimed[] } | { readonly error: AppError };

/** What comes of several requests that are decided together. */
export interface ClaimDecision {
  /** One for each request, in order. */
  readonly outcomes: readonly ClaimOutcome[];
  /** What has to be inserted before any outcome is told. */
  readonly added: readonly ClaimedKey[];
}

/** Gives the name of a key within all workspaces: a workspace's UUID never holds a space. */
export function claimName({ workspaceUuid, key }: { workspaceUuid: string; key: string }): string {
  return `${workspaceUuid} ${key}`;
}

/**
 * Decides requests in their order, each all or none: a free key gets a new event id, a key with
 * the same body gives the id it has, and a key with another body refuses the whole request with
 * `conflict`. Keys of a refused request stay free. `taken` is what the table holds of these keys.
 */
export function decideClaims(
  requests: readonly (readonly KeyClaim[])[],
  taken: readonly ClaimedKey[],
  newEventUuid: () => string,
): ClaimDecision {
  const known = new Map(taken.map((row) => [claimName(row), row]));
  const added: ClaimedKey[] = [];
  const outcomes = requests.map((claims): ClaimOutcome => {
    const mine = new Map<string, ClaimedKey>();
    const events: Claimed[] = [];
    for (const claim of claims) {
      const name = claimName(claim);
      const holder = mine.get(name) ?? known.get(name);
      if (holder && !sameBody(holder, claim)) return { error: conflict(claim) };
      const row = holder ?? claimed(claim, newEventUuid());
      mine.set(name, row);
      events.push({ eventUuid: row.eventUuid, isRepeat: holder !== undefined });
    }
    for (const [name, row] of mine) {
      if (!known.has(name)) added.push(row);
      known.set(name, row);
    }
    return { events };
  });
  return { outcomes, added };
}

function claimed({ workspaceUuid, key, bodyHash }: KeyClaim, eventUuid: string): ClaimedKey {
  return { workspaceUuid, key, bodyHash, eventUuid };
}

function sameBody(holder: ClaimedKey, claim: KeyClaim): boolean {
  return Buffer.compare(holder.bodyHash, claim.bodyHash) === 0;
}

function conflict({ field }: KeyClaim): AppError {
  const description = "was used for another event within the last 7 days";
  const problem = { field: `${field}.idempotencyKey`, description, reason: "conflict" };
  return new AppError("conflict", `${problem.field}: ${description}`, { fields: [problem] });
}
