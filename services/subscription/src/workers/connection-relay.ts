import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { isPassing } from "@posthorn/postgres";
import {
  ConnectionEvent_Kind,
  type ConnectionEventService,
} from "@posthorn/proto/posthorn/internal/ingestion/v1/connection_event_service";
import { type Clock, type Logger, type Part, systemClock, type Wakeup } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import {
  type ConnectionEvent,
  deleteConnectionEvents,
  listConnectionEvents,
  noteFailedEvent,
} from "../store/connection-events.ts";
import type { Database } from "../store/database.ts";

/** What the relay works with. */
export interface ConnectionRelayDeps {
  readonly db: Kysely<Database>;
  readonly ingestion: Client<typeof ConnectionEventService>;
  /** Woken when a transaction has left an event. */
  readonly wakeup: Wakeup;
  readonly log: Logger;
  readonly clock?: Clock;
}

const eventsPerTurnMax = 100;
/** How often events are looked for when nobody wakes the relay: another process may have left them. */
const pollMs = 5_000;
/** As long a stop may have to wait for ingestion. */
const call = { timeoutMs: 5_000 };
/** The wait after a turn that failed. */
const retryMs = 1_000;

/**
 * Publishes the events of connections in their order. An event goes when the log has it, so a crash
 * publishes it again, and so may another process; ingestion gives it the same id. While ingestion
 * or Postgres is away, events wait; one that fails as a defect three times, alone, is parked.
 */
export function connectionRelay(deps: ConnectionRelayDeps): Part {
  const { db, ingestion, wakeup, log, clock = systemClock } = deps;
  return {
    name: "connection relay",
    async run(stop, ready) {
      ready();
      while (!stop.aborted) {
        const done = await turn();
        if (done === "failed") await clock.sleep(retryMs, stop);
        else if (done === "all") await wakeup.wait({ timeoutMs: pollMs, stop });
      }
    },
  };

  async function turn(): Promise<"all" | "some" | "failed"> {
    try {
      const events = await listConnectionEvents(db, eventsPerTurnMax);
      if (events.length === 0) return "all";
      if (!(await finish(events))) return "failed";
      return events.length < eventsPerTurnMax ? "all" : "some";
    } catch (error) {
      if (!mayPass(error)) throw error;
      log.warn({ err: error }, "events of connections wait for ingestion or Postgres");
      return "failed";
    }
  }

  /** False when some of them are left. */
  async function finish(events: readonly ConnectionEvent[]): Promise<boolean> {
    try {
      await ingestion.publishConnectionEvents({ events: events.map(toMessage) }, call);
    } catch (error) {
      if (mayPass(error)) throw error;
      return await finishEach(events, error);
    }
    const rowIds = events.map(({ rowId }) => rowId);
    await deleteConnectionEvents(db, rowIds);
    return true;
  }

  /** After a defect: the one that fails alone is the one to blame. */
  async function finishEach(events: readonly ConnectionEvent[], error: unknown): Promise<boolean> {
    const [first, ...others] = events;
    if (first === undefined || others.length === 0) {
      if (first !== undefined) await blame(first, error);
      return false;
    }
    let isDone = true;
    for (const event of events) isDone = (await finish([event])) && isDone;
    return isDone;
  }

  async function blame({ rowId, connectionId, kind }: ConnectionEvent, error: unknown) {
    log.error({ err: error, connectionId, kind }, "an event of a connection was not published");
    await noteFailedEvent(db, rowId, error instanceof Error ? error.message : String(error));
  }
}

/** A service key that does not fit is a matter of settings: nothing is lost over it. */
function mayPass(error: unknown): boolean {
  const reason = error instanceof AppError ? error.reason : undefined;
  return reason === "unauthenticated" || reason === "forbidden" || isPassing(error);
}

function toMessage(event: ConnectionEvent) {
  return {
    kind: ConnectionEvent_Kind[event.kind],
    provider: event.provider,
    workspaceId: event.workspaceId,
    connectionId: event.connectionId,
    integrationName: event.integrationName,
    eventType: event.eventType,
    data: Buffer.from(event.data),
    occurTime: timestampFromDate(event.occurredAt),
  };
}
