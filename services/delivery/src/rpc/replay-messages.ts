import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import {
  Replay_Filter,
  Replay_State,
  type Replay as ReplayMessage,
  ReplaySchema,
} from "@posthorn/proto/posthorn/delivery/v1/replay";
import type { ResendDeliveriesRequest } from "@posthorn/proto/posthorn/delivery/v1/replay_service";
import type { DeliverySelection, Replay, ReplayFilter } from "../domain/replay.ts";

/** Reads which events are to be sent; the request was checked. */
export function toFilter(filter: Replay_Filter): Exclude<ReplayFilter, "DELIVERIES"> {
  switch (filter) {
    case Replay_Filter.FAILED:
      return "FAILED";
    case Replay_Filter.MISSING:
      return "MISSING";
    case Replay_Filter.ALL:
      return "ALL";
    case Replay_Filter.FILTER_UNSPECIFIED:
    case Replay_Filter.DELIVERIES:
  }
  throw new Error(`filter ${String(filter)} passed the checks`);
}

/** Reads which deliveries are to be sent again; empty when nothing narrows them. */
export function toSelection(request: ResendDeliveriesRequest): DeliverySelection {
  const { webhook, event, eventType, state, statusCode, query, connection } = request;
  return {
    ...(webhook && { webhook }),
    ...(event && { event }),
    ...(eventType && { eventType }),
    ...(state && { state: toStateName(state) }),
    ...(statusCode && { statusCode }),
    ...(query && { query }),
    ...(connection && { connection }),
  };
}

function toStateName(state: Delivery_State): NonNullable<DeliverySelection["state"]> {
  switch (state) {
    case Delivery_State.PENDING:
      return "PENDING";
    case Delivery_State.HELD:
      return "HELD";
    case Delivery_State.SUCCEEDED:
      return "SUCCEEDED";
    case Delivery_State.EXHAUSTED:
      return "EXHAUSTED";
    case Delivery_State.CANCELED:
      return "CANCELED";
    case Delivery_State.STATE_UNSPECIFIED:
  }
  throw new Error(`state ${String(state)} passed the checks`);
}

/** Shows a replay. */
export function toReplayMessage(replay: Replay): ReplayMessage {
  const { selection, state } = replay;
  return create(ReplaySchema, {
    id: replay.id,
    webhook: replay.webhookId ?? "",
    toWebhook: replay.toWebhookId ?? "",
    filter: Replay_Filter[replay.filter],
    after: timestampFromDate(replay.after),
    before: timestampFromDate(replay.before),
    perSecond: replay.perSecond,
    state: Replay_State[state],
    stateReason: replay.stateReason,
    progressTime: timestampFromDate(replay.progressAt),
    matchedCount: replay.matchedCount,
    createdCount: replay.createdCount,
    succeededCount: replay.succeededCount,
    failedCount: replay.failedCount,
    canceledCount: replay.canceledCount,
    createTime: timestampFromDate(replay.createdAt),
    updateTime: timestampFromDate(replay.updatedAt),
    ...(replay.filter === "DELIVERIES" && {
      deliveries: {
        webhook: selection.webhook ?? "",
        event: selection.event ?? "",
        eventType: selection.eventType ?? "",
        state: Delivery_State[selection.state ?? "STATE_UNSPECIFIED"],
        statusCode: selection.statusCode ?? 0,
        query: selection.query ?? "",
        connection: selection.connection ?? "",
      },
    }),
    ...(replay.endedAt && { endTime: timestampFromDate(replay.endedAt) }),
  });
}
