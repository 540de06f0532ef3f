import type { ServiceImpl } from "@connectrpc/connect";
import { AppError, invalid } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import { EventTypeSchema } from "@posthorn/proto/posthorn/subscription/v1/event_type";
import type { EventTypeService } from "@posthorn/proto/posthorn/subscription/v1/event_type_service";
import { principalOf } from "@posthorn/rpc";
import { isConnectionEvent } from "../../domain/connection-check.ts";
import { checkCatalogSize } from "../../domain/event-type.ts";
import { eventTypeProblems } from "../../domain/event-type-check.ts";
import { refuseProblems } from "../../domain/problems.ts";
import { isReservedName, reservedProblem } from "../../domain/reserved-type.ts";
import {
  countEventTypes,
  deleteEventType,
  getEventType,
  insertEventType,
  listEventTypes,
} from "../../store/event-types.ts";
import { raiseRevision } from "../../store/providers.ts";
import type { Deps } from "../deps.ts";
import { refuseOutputOnly } from "../output-only.ts";
import { readPage } from "../page.ts";
import { requireFound, requireMessage, requireProvider } from "../require.ts";
import { eventTypeOutputOnly, toEventTypeDraft, toEventTypeMessage } from "./event-type-message.ts";
import { updateEventType } from "./update-event-type.ts";

/** The handlers of EventTypeService. Each change raises the provider's revision, under its lock. */
export function eventTypeService(deps: Deps): ServiceImpl<typeof EventTypeService> {
  const { db, pageTokens } = deps;
  return {
    async createEventType(request, context) {
      const message = requireMessage(request.eventType, "eventType");
      const options = { names: eventTypeOutputOnly, prefix: "eventType" };
      refuseOutputOnly(EventTypeSchema, message, options);
      const draft = toEventTypeDraft(message);
      if (isReservedName(draft.name)) throw invalid("eventType.name", reservedProblem);
      const { provider } = principalOf(context);
      const owner = await requireProvider(db, provider);
      refuseProblems(eventTypeProblems(draft, owner, "eventType"));
      const created = await transaction(db, async (tx) => {
        await raiseRevision(tx, provider);
        checkCatalogSize((await countEventTypes(tx, provider)) + 1);
        return await insertEventType(tx, provider, draft);
      });
      return toEventTypeMessage(created);
    },

    async getEventType({ name }, context) {
      const found = await getEventType(db, { provider: principalOf(context).provider, name });
      return toEventTypeMessage(requireFound(found, "event type", name));
    },

    async listEventTypes(request, context) {
      const { provider } = principalOf(context);
      const { items, nextPageToken } = await readPage({
        tokens: pageTokens,
        scope: `event types of ${provider}`,
        request,
        list: (after = "", countMax) => listEventTypes(db, { provider, after, countMax }),
        positionOf: (eventType) => eventType.name,
      });
      return { eventTypes: items.map(toEventTypeMessage), nextPageToken };
    },

    updateEventType: (request, context) => updateEventType(deps, request, context),

    async deleteEventType({ name }, context) {
      const { provider } = principalOf(context);
      await transaction(db, async (tx) => {
        const { connections } = await raiseRevision(tx, provider);
        if (isConnectionEvent(connections, name)) {
          throw new AppError("precondition", `${name} is published by the provider's connections`);
        }
        if (!(await deleteEventType(tx, { provider, name }))) {
          throw new AppError("not_found", `event type ${name} was not found`);
        }
      });
      return {};
    },
  };
}
