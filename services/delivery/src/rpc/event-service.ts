import { setTimeout as sleep } from "node:timers/promises";
import { create, toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client, ServiceImpl } from "@connectrpc/connect";
import type { Bus } from "@posthorn/bus";
import { partitionOf } from "@posthorn/bus";
import { AppError } from "@posthorn/errors";
import {
  connectionProblem,
  eventProblem,
  typeProblem,
  unknownType,
  withPreviousAttributes,
} from "@posthorn/event";
import {
  EventSchema,
  type EventService,
  ListEventsRequestSchema,
} from "@posthorn/proto/posthorn/delivery/v1/event_service";
import type { Event as PublishedEvent } from "@posthorn/proto/posthorn/ingestion/v1/event";
import type { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { workspaceIdOf } from "@posthorn/rpc";
import { idToUuid } from "@posthorn/runtime";
import type { EventOrigin } from "../domain/event-origin.ts";
import type { SyncedEvent } from "../domain/first-sync.ts";
import { listDeliveries } from "../store/deliveries.ts";
import { getEvent, listEvents, type StoredEvent } from "../store/events.ts";
import { getNextOffset } from "../store/partitions.ts";
import type { Catalogs } from "../workers/catalogs.ts";
import type { Subscriptions } from "../workers/subscriptions.ts";
import type { Watchers } from "../workers/watchers.ts";
import { toWorkspaceUuid } from "./delivery-service.ts";
import { dryRun } from "./dry-run.ts";
import { toEventMessage } from "./event-message.ts";
import { explainEvent } from "./explain-event.ts";
import { type PageTokens, readPage, toDate, writeNext } from "./paging.ts";
import { explainDeliveries, type ShowDeps } from "./show-deliveries.ts";
import { watchEvents } from "./watch-events.ts";

export interface EventServiceDeps extends ShowDeps {
  readonly bus: Bus;
  readonly topic: string;
  readonly subscriptions: Subscriptions;
  readonly subscription: Client<typeof SubscriptionSyncService>;
  readonly catalogs: Catalogs;
  readonly watchers: Watchers;
  readonly tokens: PageTokens;
}

/** How long a read waits for an event that may still be in the log. */
const waitMsMax = 2_000;
const lookEveryMs = 10;
/** Deliveries that an event is shown with, at most. */
const deliveriesShownMax = 250;

/** Serves accepted events and what became of them. */
export function eventService(deps: EventServiceDeps): ServiceImpl<typeof EventService> {
  const { db, subscriptions, tokens } = deps;
  return {
    async getEvent(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const event = await findEvent(deps, workspace, request.event);
      if (!event) throw new AppError("not_found", `event ${request.event} not found`);
      const filter = { eventUuid: idToUuid("evt", event.id) };
      const page = { cursor: undefined, sizeMax: deliveriesShownMax };
      const { items } = await listDeliveries(db, workspace.uuid, filter, page);
      const deliveries = await explainDeliveries(deps, workspace, items);
      return create(EventSchema, { ...toEventMessage(event), deliveries });
    },

    async listEvents(request, context) {
      const workspaceId = workspaceIdOf(context);
      const filters = { ...request, workspace: workspaceId, pageToken: "", pageSize: 0 };
      const scope = `events ${toJsonString(ListEventsRequestSchema, filters)}`;
      const page = await listEvents(
        db,
        toWorkspaceUuid(workspaceId),
        {
          type: request.type || undefined,
          after: toDate(request.after),
          before: toDate(request.before),
        },
        readPage(tokens, request, scope),
      );
      const nextPageToken = writeNext(tokens, page.next, scope);
      return { events: page.items.map(toEventMessage), nextPageToken };
    },

    async explainEvent(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const event = await findEvent(deps, workspace, request.event);
      if (!event) throw new AppError("not_found", `event ${request.event} not found`);
      return explainEvent(deps, { workspace, event, webhookId: request.webhook });
    },

    async dryRunEvent({ event }, context) {
      if (!event) throw new Error("a dry run without event passed the checks");
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const { provider } = workspace;
      if (!provider) throw new AppError("not_found", `workspace ${workspace.id} not found`);
      await checkEvent(deps, event, provider.name);
      const origin = await originOf(deps, event, workspace.id);
      return dryRun({ event, origin, workspace, provider, now: deps.now() });
    },

    async *watchEvents(request, context) {
      const workspaceUuid = toWorkspaceUuid(workspaceIdOf(context));
      yield* watchEvents(deps, { ...request, workspaceUuid }, context.signal);
    },
  };
}

/** Throws what publishing the event would be refused for. */
async function checkEvent(
  { catalogs, now }: EventServiceDeps,
  event: PublishedEvent,
  provider: string,
): Promise<void> {
  const field = "event";
  const problem = eventProblem(event, field, now().getTime());
  if (problem) throw problem;
  const catalog = await catalogs.current(provider);
  const type = catalog.types.get(event.type);
  if (!type && !catalog.takesUnknownTypes) throw unknownType(event, field);
  const mismatch = type && typeProblem(event, field, type);
  if (mismatch) throw mismatch;
}

/** Gives what an event says of its origin. Throws what publishing it would be refused for. */
async function originOf(
  { subscription }: EventServiceDeps,
  event: PublishedEvent,
  workspaceId: string,
): Promise<EventOrigin & Pick<SyncedEvent, "firstSyncEndedAt">> {
  const { previousAttributes } = withPreviousAttributes(event, "event");
  const changed = previousAttributes.length > 0 ? { previousAttributes } : {};
  const { connection: connectionId } = event;
  if (connectionId === "") return changed;
  const { connections } = await subscription.getConnections({
    keys: [{ workspaceId, connectionId }],
  });
  const found = connections[0];
  const problem = connectionProblem(event, "event", found && { isDeleted: found.deleted });
  if (problem) throw problem;
  const end = found?.firstSyncCompleteTime;
  return {
    ...changed,
    connectionId,
    integrationName: found?.integrationName,
    firstSyncEndedAt: end && timestampDate(end),
  };
}

/** Finds an event that was accepted before the call, waiting for fan-out to pass the log's end. */
async function findEvent(
  { db, bus, topic, partitionCount }: EventServiceDeps,
  workspace: { id: string; uuid: string },
  id: string,
): Promise<StoredEvent | undefined> {
  const found = await getEvent(db, workspace.uuid, id);
  if (found || idToUuid("evt", id) === undefined) return found;
  const deadlineMs = performance.now() + waitMsMax;
  const partition = partitionOf(workspace.id, partitionCount);
  const end = await bus.endOffset(topic, partition);
  while ((await getNextOffset(db, partition)) < end && performance.now() < deadlineMs) {
    await sleep(lookEveryMs);
  }
  return getEvent(db, workspace.uuid, id);
}
