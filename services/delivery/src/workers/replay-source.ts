import { idToUuid, uuidToId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { type StoredState, shownState } from "../domain/delivery.ts";
import { type EnvelopePin, pinOf } from "../domain/envelope.ts";
import { matchWebhook, withheldOf } from "../domain/match.ts";
import { patternFor } from "../domain/patterns.ts";
import { isSelected, isWanted, type ReplayFilter } from "../domain/replay.ts";
import type { Database } from "../store/database.ts";
import {
  type Candidate,
  type DeliveryCandidate,
  type EventCandidate,
  listDeliveryCandidates,
  listEventBodies,
  listEventCandidates,
} from "../store/replay-candidates.ts";
import type { RunningReplay } from "../store/replay-steps.ts";
import { toMatchable } from "./fan-out-plan.ts";
import type { KnownProvider, KnownWebhook, KnownWorkspace } from "./subscriptions.ts";

/** A candidate with where it is sent to; undefined when it is not. */
export type Judged = Candidate & {
  readonly target: Target | undefined;
};

interface Target {
  readonly webhookUuid: string;
  readonly matchedBy: string;
  /** Whether what it is sent keeps an order. */
  readonly isOrdered: boolean;
  /** The envelope that what it is sent keeps; undefined for the default one. */
  readonly pin: EnvelopePin | undefined;
}

/** Where a replay finds what it sends. */
export interface ReplaySource {
  /** How many candidates may be read at once, at most. */
  readonly pageMax: number;
  /** The end of what is read: of the range, or before that. */
  readonly before: Date;
  /** Reads the next candidates after the replay's cursor and before that end, in their order. */
  read(db: Kysely<Database>, countMax: number): Promise<readonly Judged[]>;
}

/** What is read at once spans this time, at most: its days are few. */
const spanMs = 86_400_000;
const pageMaxPlain = 1000;
/** A filter may take milliseconds for each. */
const pageMaxFiltered = 100;
/** What of events' data is in memory at once, about. */
const bytesMax = 4 * 1024 * 1024;

/** Gives where a replay finds what it sends; undefined when a webhook of it is gone. */
export function replaySource(
  replay: RunningReplay,
  { webhooks, provider }: KnownWorkspace,
): ReplaySource | undefined {
  const { filter, webhookUuid, toWebhookUuid } = replay;
  const from = webhooks.get(webhookUuid ?? "");
  const to = webhooks.get(toWebhookUuid ?? webhookUuid ?? "");
  if (filter === "DELIVERIES") {
    return webhookUuid === undefined || from ? deliverySource(replay, webhooks) : undefined;
  }
  return from && to && provider && eventSource(replay, { filter, from, to, provider });
}

interface Sending {
  readonly filter: Exclude<ReplayFilter, "DELIVERIES">;
  readonly from: KnownWebhook;
  readonly to: KnownWebhook;
  readonly provider: KnownProvider;
}

function eventSource(replay: RunningReplay, sending: Sending): ReplaySource {
  const { filter, from, to, provider } = sending;
  // What failed was subscribed when it was published, whatever the webhook subscribes by now.
  const isOwed = filter === "FAILED";
  const isFiltered = !isOwed && (from.filterOf !== undefined || provider.typeFilters.size > 0);
  const spanEndMs = Number(replay.cursor.atUs) / 1000 + spanMs;
  const before = new Date(Math.min(Math.ceil(spanEndMs), replay.before.getTime()));
  return {
    pageMax: isFiltered ? pageMaxFiltered : pageMaxPlain,
    before,
    async read(db, countMax) {
      const events = await listEventCandidates(db, { ...replay, before }, countMax);
      const named = events.flatMap((event) => {
        const matchedBy = patternFor(event.eventType, from.eventTypes);
        const isNamed = (isOwed || matchedBy !== undefined) && isWanted(filter, event.facts);
        return isNamed ? [{ event, matchedBy: matchedBy ?? "" }] : [];
      });
      const wanted = isFiltered
        ? await passing(
            db,
            { replay, sending },
            named.map(({ event }) => event),
          )
        : undefined;
      const targets = new Map(
        named
          .filter(({ event }) => wanted?.has(event.eventUuid) ?? true)
          .map(({ event, matchedBy }) => [
            event.eventUuid,
            targetOf(to, matchedBy, pinOf(to.envelope)),
          ]),
      );
      return events.map((event) => ({ ...event, target: targets.get(event.eventUuid) }));
    },
  };
}

/** Gives the UUIDs of the events that pass the type's filter and the webhook's, be it on or off. */
async function passing(
  db: Kysely<Database>,
  { replay, sending }: { replay: RunningReplay; sending: Sending },
  events: readonly EventCandidate[],
): Promise<ReadonlySet<string>> {
  const passed = new Set<string>();
  const webhook = { ...sending.from, state: "ACTIVE" } as const;
  for (const some of byBytes(events)) {
    for (const body of await listEventBodies(db, replay.workspaceUuid, some)) {
      const event = toMatchable(body);
      const { kind } = matchWebhook(event, webhook, withheldOf(event, sending.provider));
      if (kind === "delivered") passed.add(body.uuid);
    }
  }
  return passed;
}

function* byBytes(events: readonly EventCandidate[]): Generator<readonly EventCandidate[]> {
  let some: EventCandidate[] = [];
  let bytes = 0;
  for (const event of events) {
    some.push(event);
    bytes += event.bytes;
    if (bytes < bytesMax) continue;
    yield some;
    some = [];
    bytes = 0;
  }
  if (some.length > 0) yield some;
}

function targetOf(
  { uuid, isOrdered }: KnownWebhook,
  matchedBy: string,
  pin: EnvelopePin | undefined,
): Target {
  return { webhookUuid: uuid, matchedBy, isOrdered, pin };
}

function deliverySource(
  replay: RunningReplay,
  webhooks: ReadonlyMap<string, KnownWebhook>,
): ReplaySource {
  const { selection } = replay;
  const eventUuid = selection.event === undefined ? undefined : idToUuid("evt", selection.event);
  const judge = (delivery: DeliveryCandidate): Judged["target"] => {
    const { webhookUuid, eventType, stateReason } = delivery;
    const webhook = webhooks.get(webhookUuid);
    const stored = { state: delivery.state as StoredState, stateReason }; // the table's check
    const shown = {
      ...delivery,
      id: uuidToId("dlv", delivery.cursor.uuid),
      webhookId: uuidToId("wh", webhookUuid),
      eventId: uuidToId("evt", delivery.eventUuid),
      state: shownState(stored, webhook?.state).state,
    };
    if (!webhook || !isSelected(selection, shown)) return undefined;
    // It is the same delivery again, so it keeps its envelope.
    const matchedBy = patternFor(eventType, webhook.eventTypes) ?? "";
    return targetOf(webhook, matchedBy, delivery.pin);
  };
  return {
    pageMax: pageMaxPlain,
    before: replay.before,
    async read(db, countMax) {
      const deliveries = await listDeliveryCandidates(db, replay, { eventUuid, countMax });
      return deliveries.map((delivery) => ({ ...delivery, target: judge(delivery) }));
    },
  };
}
