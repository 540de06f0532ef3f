import type { Accepted, Publisher, Submission } from "./publisher.ts";

/** Publishes what comes one by one in groups: nothing waits when no group is under way. */
export interface GroupAppend {
  /**
   * Takes a checked event; waits while as many wait as one group may hold. Throws what kept an
   * earlier group out of the log; then nothing more is taken.
   */
  add(submission: Submission): Promise<void>;
  /** Waits until all that was taken is in the log; throws like `add`. */
  flushed(): Promise<void>;
  /** How many are in the log. */
  readonly appendedCount: number;
}

const groupCountMax = 500;
const groupBytesMax = 2 * 1024 * 1024;

/**
 * Gathers what comes while a group is on its way to the log into the next one: groups follow each
 * other, so events keep their order, and memory holds two of them at most. Where a key is refused,
 * what came before it is still appended.
 */
export function groupAppend(publisher: Publisher): GroupAppend {
  let group: Submission[] = [];
  let groupBytes = 0;
  let underWay: Promise<void> | undefined;
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  let appendedCount = 0;
  return {
    async add(submission) {
      while (isFull() && failure === undefined) await underWay;
      if (failure !== undefined) throw failure.error;
      group.push(submission);
      groupBytes += submission.event.data.length + submission.event.previousAttributes.length;
      running ??= appendGroups();
    },
    async flushed() {
      await running;
      if (failure !== undefined) throw failure.error;
    },
    get appendedCount() {
      return appendedCount;
    },
  };

  function isFull(): boolean {
    return group.length >= groupCountMax || groupBytes >= groupBytesMax;
  }

  async function appendGroups(): Promise<void> {
    while (group.length > 0 && failure === undefined) {
      underWay = appendGroup(takeGroup());
      await underWay;
    }
    running = undefined;
  }

  function takeGroup(): readonly Submission[] {
    const taken = group;
    group = [];
    groupBytes = 0;
    return taken;
  }

  /** Never rejects: the next to add or to wait hears of the failure. */
  async function appendGroup(submissions: readonly Submission[]): Promise<void> {
    try {
      const { accepted, refusal } = await identifyEach(publisher, submissions);
      if (accepted.length > 0) await publisher.append(accepted);
      appendedCount += accepted.length;
      failure = refusal;
    } catch (error) {
      failure = { error };
    }
  }
}

/** Identifies each event by itself, up to the first that is refused. */
async function identifyEach(publisher: Publisher, submissions: readonly Submission[]) {
  const results = await Promise.allSettled(
    submissions.map((submission) => publisher.identify([submission])),
  );
  const accepted: Accepted[] = [];
  for (const result of results) {
    if (result.status === "rejected") return { accepted, refusal: { error: result.reason } };
    accepted.push(...result.value);
  }
  return { accepted, refusal: undefined };
}
