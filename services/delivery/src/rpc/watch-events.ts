import { create } from "@bufbuild/protobuf";
import { invalid } from "@posthorn/errors";
import {
  type WatchedEvent,
  WatchedEventSchema,
} from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { idToUuid } from "@posthorn/runtime";
import type { Envelope } from "../domain/envelope.ts";
import { isSubscribed, matchableEvent, withheldOf } from "../domain/match.ts";
import type { StoredEvent } from "../store/events.ts";
import { fromSignature } from "../workers/signature-message.ts";
import type { KnownProvider, Subscriptions } from "../workers/subscriptions.ts";
import type { Watchers } from "../workers/watchers.ts";
import { toEventMessage } from "./event-message.ts";

/** A stream that is silent for longer may be taken for a broken one. */
const idleMs = 15_000;

/** Which events to show, and how. */
export interface EventWatch {
  readonly workspaceUuid: string;
  /** Exact names or `prefix.*`; empty: all. */
  readonly eventTypes: readonly string[];
  /** The payload version; empty: the newest. */
  readonly version: string;
}

/** Gives a workspace's events as receivers would get them, until the signal aborts. */
export async function* watchEvents(
  { watchers, subscriptions }: { watchers: Watchers; subscriptions: Subscriptions },
  { workspaceUuid, eventTypes, version }: EventWatch,
  signal: AbortSignal,
): AsyncGenerator<WatchedEvent> {
  for await (const event of watchers.watchEvents(workspaceUuid, { signal, idleMs })) {
    const known =
      subscriptions.fresh(workspaceUuid) ?? (await subscriptions.current(workspaceUuid));
    const { provider } = known;
    if (!provider) return; // The workspace has been deleted.
    const envelope = envelopeOf(provider, version);
    if (event === undefined) yield create(WatchedEventSchema, style(provider, envelope));
    else if (isSubscribed(event.type, eventTypes) && isSent(event, provider)) {
      yield shown(event, provider, envelope);
    }
  }
}

function envelopeOf({ envelopes }: KnownProvider, version: string): Envelope {
  const envelope = version === "" ? [...envelopes.values()].at(-1) : envelopes.get(version);
  if (envelope) return envelope;
  throw invalid("version", `must be one of ${[...envelopes.keys()].join(", ")}`);
}

/** Tells whether the provider sends the event to anyone. */
function isSent(event: StoredEvent, provider: KnownProvider): boolean {
  const matchable = matchableEvent({ ...event, connection: event.connectionId ?? "" });
  return withheldOf(matchable, provider) === undefined;
}

function shown(event: StoredEvent, provider: KnownProvider, envelope: Envelope): WatchedEvent {
  const uuid = idToUuid("evt", event.id);
  if (uuid === undefined) throw new Error(`${event.id} is no event id`);
  const body = new Uint8Array(envelope.render({ ...event, uuid }));
  return create(WatchedEventSchema, {
    event: toEventMessage(event),
    body,
    ...style(provider, envelope),
  });
}

function style({ signatures, userAgent }: KnownProvider, { version }: Envelope) {
  return { signatures: signatures.map(fromSignature), userAgent, version };
}
