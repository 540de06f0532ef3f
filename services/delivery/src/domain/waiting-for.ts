import type { WebhookState } from "./delivery.ts";
import type { WaitReason } from "./waits.ts";
import { spanInWords } from "./words.ts";

/** What an open delivery waits for: what attempts may have waited for, and more. */
export type PresentWait =
  | WaitReason
  | "RETRY"
  | "DELIVER_TIME"
  | "OWNER"
  | "ANSWER"
  | "REPLAY_PAUSED";

/** What is known of a webhook's place in the schedule. Times are the database's. */
export interface LaneFacts {
  /** The receiver asked to be left alone until then. */
  readonly blockedUntil: Date | undefined;
  readonly breakerState: "CLOSED" | "OPEN" | "HALF_OPEN";
  /** For people; empty when it is closed. */
  readonly breakerReason: string;
  /** When the breaker lets the next delivery through; undefined when it is closed. */
  readonly breakerUntil: Date | undefined;
}

/** What is known of an open delivery, its webhook and its partition. */
export interface WaitFacts {
  /** The database's time. */
  readonly now: Date;
  readonly webhook: WebhookState;
  /** Attempts a second; 0 for no limit. */
  readonly ratePerSecond: number;
  readonly attemptCount: number;
  readonly dueAt: Date;
  /** Undefined: nothing is known that would hold it back. */
  readonly lane: LaneFacts | undefined;
  /** Whether a process owns the partition. */
  readonly isOwned: boolean;
  /** What holds the webhook back, as its owner knows; undefined when that is not known here. */
  readonly hold: WaitReason | undefined;
  /** Whether an attempt is under way, as far as is known here. */
  readonly isUnderWay: boolean;
  /** Whether it waits for its replay to be resumed. */
  readonly isReplayPaused: boolean;
  /** The id of the delivery that has to end first, for the sake of order; undefined for none. */
  readonly behind: string | undefined;
}

/** What the owner of a partition knows, ahead of what rows tell. */
export interface OwnersView extends Pick<WaitFacts, "hold" | "isUnderWay"> {
  readonly lane: LaneFacts;
}

/** What a delivery waits for, for programs and for people. */
export interface WaitingFor {
  readonly reason: PresentWait;
  /** When that ends; undefined when nobody can tell. */
  readonly until: Date | undefined;
  /** With ORDER: the id of the delivery that comes first. */
  readonly behind: string | undefined;
  /** One sentence. */
  readonly description: string;
}

interface Timed {
  readonly reason: PresentWait;
  readonly until: Date;
  readonly words: string;
}

/** Tells what an open delivery waits for: of several reasons the one that ends last. */
export function waitingFor(facts: WaitFacts): WaitingFor {
  const { webhook, isUnderWay, isReplayPaused, behind, isOwned, hold } = facts;
  if (webhook === "PAUSED" || webhook === "DISABLED") {
    return endless("PAUSED", `its webhook is ${webhook.toLowerCase()}, and it goes on with it`);
  }
  if (isUnderWay) return endless("ANSWER", "an attempt is under way");
  if (isReplayPaused) {
    return endless("REPLAY_PAUSED", "the replay that made it is paused, and it goes on with it");
  }
  const last = timed(facts)
    .filter(({ until }) => until > facts.now)
    .sort((a, b) => b.until.getTime() - a.until.getTime())[0];
  if (last) return { ...last, behind: undefined, description: whenInWords(last, facts.now) };
  if (!isOwned) {
    return endless("OWNER", "no process owns its partition; one takes it over within 15 s");
  }
  if (behind !== undefined) {
    const description = `${behind}, of the same ordering key, comes first and has not ended`;
    return { reason: "ORDER", until: undefined, behind, description };
  }
  return heldBack(hold, facts);
}

function timed({ attemptCount, dueAt, lane }: WaitFacts): readonly Timed[] {
  const due: Timed =
    attemptCount === 0
      ? { reason: "DELIVER_TIME", until: dueAt, words: "it is to be sent" }
      : { reason: "RETRY", until: dueAt, words: "the retry schedule has it tried again" };
  const { blockedUntil, breakerUntil, breakerReason } = lane ?? {};
  const asked = "its receiver asked by Retry-After to be left alone";
  const down = `its webhook's receiver is spared (${breakerReason}); a delivery is tried`;
  return [
    due,
    ...(blockedUntil
      ? [{ reason: "RETRY_AFTER", until: blockedUntil, words: asked } as const]
      : []),
    ...(breakerUntil ? [{ reason: "BREAKER", until: breakerUntil, words: down } as const] : []),
  ];
}

function whenInWords({ reason, until, words }: Timed, now: Date): string {
  const joint = reason === "RETRY_AFTER" ? "until" : "at";
  const span = spanInWords(until.getTime() - now.getTime());
  return `${words} ${joint} ${until.toISOString()}, in ${span}`;
}

/** It is due, and its webhook may be sent to: something else takes its time. */
function heldBack(hold: WaitReason | undefined, facts: WaitFacts): WaitingFor {
  const { lane, ratePerSecond } = facts;
  const isBroken = lane !== undefined && lane.breakerState !== "CLOSED";
  switch (hold ?? (isBroken ? "BREAKER" : undefined)) {
    case "BREAKER":
      return endless(
        "BREAKER",
        `its webhook's receiver is spared (${lane?.breakerReason}) while one delivery is tried`,
      );
    case "RATE_LIMIT":
      return endless("RATE_LIMIT", `its turn comes under the limit of ${ratePerSecond} a second`);
    case "IN_FLIGHT":
      return endless(
        "IN_FLIGHT",
        "as many attempts as its webhook may have, or bears, at once are under way",
      );
    case "ORDER":
      return endless("ORDER", "an earlier one of the same ordering key has not ended");
    case "RETRY_AFTER":
      return endless("RETRY_AFTER", "its receiver asked by Retry-After to be left alone");
    case "PAUSED":
      return endless("PAUSED", "its webhook is being switched off");
    case "SLOTS":
    case undefined:
      return endless("SLOTS", "it is due, and is sent as soon as its turn comes");
  }
}

function endless(reason: PresentWait, description: string): WaitingFor {
  return { reason, until: undefined, behind: undefined, description };
}
