import type { HandlerContext } from "@connectrpc/connect";
import { transaction } from "@posthorn/postgres";
import {
  type EventType as EventTypeMessage,
  EventTypeSchema,
} from "@posthorn/proto/posthorn/subscription/v1/event_type";
import type { UpdateEventTypeRequest } from "@posthorn/proto/posthorn/subscription/v1/event_type_service";
import { principalOf } from "@posthorn/rpc";
import { type EventTypeDraft, isSameEventType } from "../../domain/event-type.ts";
import { eventTypeProblems } from "../../domain/event-type-check.ts";
import { refuseProblems } from "../../domain/problems.ts";
import { fieldsToUpdate } from "../../domain/update-mask.ts";
import { getEventType, updateEventType as writeEventType } from "../../store/event-types.ts";
import { lockProvider, raiseRevision } from "../../store/providers.ts";
import type { Deps } from "../deps.ts";
import { populatedFields } from "../output-only.ts";
import { requireFound, requireMessage } from "../require.ts";
import { eventTypeOutputOnly, toEventTypeDraft, toEventTypeMessage } from "./event-type-message.ts";

const writable = {
  group: "group",
  description: "description",
  schema: "schema",
  example: "example",
  label: "label",
  version: "version",
  filter: "filter",
  has_previous: "hasPrevious",
} as const satisfies Record<string, keyof EventTypeDraft>;

type Field = keyof typeof writable;

const rules = {
  prefix: "eventType",
  // The keys of a constant object.
  writable: Object.keys(writable) as Field[],
  fixed: eventTypeOutputOnly,
  key: "name",
};

/** Changes the named fields of an event type; schema and example must agree afterwards. */
export async function updateEventType(
  { db }: Deps,
  request: UpdateEventTypeRequest,
  context: HandlerContext,
): Promise<EventTypeMessage> {
  const message = requireMessage(request.eventType, "eventType");
  const populated = populatedFields(EventTypeSchema, message);
  const fields = fieldsToUpdate({ paths: request.updateMask?.paths, populated }, rules);
  const draft = toEventTypeDraft(message);
  const { provider } = principalOf(context);
  const { name } = draft;
  return await transaction(db, async (tx) => {
    const owner = requireFound(await lockProvider(tx, provider), "provider", provider);
    const stored = requireFound(await getEventType(tx, { provider, name }), "event type", name);
    const changed = Object.fromEntries(
      [...fields].map((field) => [writable[field], draft[writable[field]]]),
    );
    const next = { ...stored, ...changed };
    if (isSameEventType(next, stored)) return toEventTypeMessage(stored);
    refuseProblems(eventTypeProblems(next, owner, "eventType"));
    await raiseRevision(tx, provider);
    return toEventTypeMessage(await writeEventType(tx, provider, next));
  });
}
