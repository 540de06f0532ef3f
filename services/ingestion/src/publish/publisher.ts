import { type Bus, eventsTopic, type LogRecord, partitionOf } from "@posthorn/bus";
import { AppError } from "@posthorn/errors";
import {
  connectionProblem,
  type EventType,
  eventProblem,
  typeProblem,
  unknownType,
  withPreviousAttributes,
} from "@posthorn/event";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { idTimeMs, idToUuid, type SpanOptions, type Tracing, uuidToId } from "@posthorn/runtime";
import { acceptedEvent, type ConnectionFacts, type Draft } from "../domain/event-record.ts";
import { bodyHash } from "../domain/idempotency.ts";
import type { Claimed, KeyClaim } from "../domain/key-claim.ts";
import { recordValue } from "../domain/record-value.ts";
import type { Catalogs } from "./catalogs.ts";
import type { Connections } from "./connections.ts";
import type { EventLog } from "./event-log.ts";
import type { ClaimKeys } from "./key-claims.ts";

/** What the publisher needs. */
export interface PublisherDeps {
  readonly bus: Bus;
  readonly eventLog: EventLog;
  readonly catalogs: Catalogs;
  readonly connections: Connections;
  readonly claimKeys: ClaimKeys;
  readonly newEventId: (atMs: number) => string;
  readonly nowMs: () => number;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
}

/** An event that wants to be published, and where its request names it. */
export interface Submission extends Draft {
  /** The event's JSON path: `event`, `events[3]`. */
  readonly field: string;
  /** The idempotency key; undefined for none. */
  readonly key: string | undefined;
}

/** An event with its id, ready for the log. */
export interface Accepted {
  /** As the answer gives it back. */
  readonly event: Event;
  /** The trace that it belongs to; empty for none. */
  readonly traceparent: string;
  readonly record: LogRecord;
}

/** The steps of every publish, in this order: check, connect where it names a connection, identify, append. */
export interface Publisher {
  /**
   * Throws `invalid` or `too_large` for what is wrong with the event, `unavailable` when its type
   * cannot be looked up, `not_found` when there is no such provider. Claims nothing. Gives the
   * event with what changed since its `previous_data` worked out; any other as it is.
   */
  check(submission: Pick<Submission, "event" | "field" | "provider">): Promise<Event>;
  /**
   * Gives what there is to say of the connection that an event names. Throws `invalid` when
   * the workspace (undefined: it is not there yet) has no such connection any more or never had,
   * `unavailable` when that cannot be told.
   */
  connect(
    submission: Pick<Submission, "event" | "field">,
    workspaceId: string | undefined,
  ): Promise<ConnectionFacts>;
  /**
   * Gives checked events their ids, all or none: new ones, or under an idempotency key the one
   * that it has. Throws `conflict`. Durable, yet harmless when nothing is appended after it.
   */
  identify(submissions: readonly Submission[]): Promise<readonly Accepted[]>;
  /** Appends to the log, together as far as they share a partition. Throws `unavailable`. */
  append(accepted: readonly Accepted[]): Promise<void>;
}

/** Events whose traces a span of many of them names, at most. */
const linksMax = 32;

/** Gives the publisher. A publish without idempotency key costs its checks, one encoding and one append. */
export function publisher(deps: PublisherDeps): Publisher {
  const { bus, catalogs, claimKeys, newEventId, nowMs } = deps;
  return {
    async check({ event, field, provider }) {
      const problem = eventProblem(event, field, nowMs());
      if (problem !== undefined) throw problem;
      const known = catalogs.fresh(provider)?.types.get(event.type);
      const type = known ?? (await findType(provider, event, field));
      const mismatch = typeProblem(event, field, type);
      if (mismatch !== undefined) throw mismatch;
      return withPreviousAttributes(event, field);
    },
    async connect({ event, field }, workspaceId) {
      const connectionId = event.connection;
      const key = workspaceId && { workspaceId, connectionId };
      const found = key ? await deps.connections.find(key) : undefined;
      const problem = connectionProblem(event, field, found);
      if (problem !== undefined) throw problem;
      return found ?? { integrationName: "" };
    },
    async identify(submissions) {
      const keyed = submissions.filter((submission) => submission.key !== undefined);
      const claimed = keyed.length === 0 ? [] : await claimKeys(keyed.map(toClaim));
      const claimOf = new Map(keyed.map((submission, index) => [submission, claimed[index]]));
      return submissions.map((submission) => identified(submission, claimOf.get(submission)));
    },
    async append(accepted) {
      const span = deps.tracing?.start(`publish ${eventsTopic}`, appendSpan(accepted));
      try {
        await bus.publish(
          eventsTopic,
          accepted.map(({ record }) => record),
        );
        span?.end();
      } catch (error) {
        span?.end({}, "the log did not confirm it");
        throw error;
      }
    },
  };

  /** Asks anew before a type counts as unknown: it may have been made a moment ago. */
  async function findType(provider: string, event: Event, field: string): Promise<EventType> {
    const current = await catalogs.current(provider);
    const known = current.types.get(event.type);
    if (known !== undefined) return known;
    const latest = await catalogs.latest(provider);
    const found = latest.types.get(event.type);
    if (found !== undefined) return found;
    if (!latest.takesUnknownTypes) throw unknownType(event, field);
    return addType(provider, event, field);
  }

  async function addType(provider: string, event: Event, field: string): Promise<EventType> {
    const refuse = (error: unknown) => {
      throw isPrecondition(error) ? unknownType(event, field) : error;
    };
    const catalog = await catalogs.addType(provider, event.type).catch(refuse);
    const type = catalog.types.get(event.type);
    if (type === undefined) throw unknownType(event, field);
    return type;
  }

  function identified(submission: Submission, claimed: Claimed | undefined): Accepted {
    const atMs = claimed === undefined ? nowMs() : idTimeMs(claimed.eventUuid);
    const id = claimed === undefined ? newEventId(atMs) : uuidToId("evt", claimed.eventUuid);
    const event = acceptedEvent(submission, id, atMs);
    const { workspaceId } = submission;
    const partition = partitionOf(workspaceId, deps.eventLog.partitionCount);
    const value = recordValue(submission, event, { isRepeat: claimed?.isRepeat ?? false });
    const { traceparent } = submission;
    return {
      event,
      traceparent,
      record: { partition, key: Buffer.from(workspaceId), value, headers: {} },
    };
  }
}

/** Events that are appended together came by one call, or by several: the first leads to it. */
function appendSpan(accepted: readonly Accepted[]): SpanOptions {
  const [first] = accepted;
  const others = new Set(accepted.slice(1, linksMax).map(({ traceparent }) => traceparent));
  others.delete(first?.traceparent ?? "");
  return {
    kind: "producer",
    parent: first?.traceparent ?? "",
    links: [...others],
    attributes: {
      "messaging.system": "posthorn",
      "messaging.destination.name": eventsTopic,
      "messaging.batch.message_count": accepted.length,
    },
  };
}

function toClaim({ workspaceId, key, event, field }: Submission): KeyClaim {
  const workspaceUuid = idToUuid("ws", workspaceId);
  if (workspaceUuid === undefined || key === undefined) throw new Error("not a claim");
  return { workspaceUuid, key, bodyHash: bodyHash(event), field };
}

function isPrecondition(error: unknown): boolean {
  return error instanceof AppError && error.reason === "precondition";
}
