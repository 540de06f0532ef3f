import type { ListValue, Value } from "@bufbuild/protobuf/wkt";
import { AppError, invalid } from "@posthorn/errors";
import type { UpdateUp42WebhookRequest } from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import { stateOf } from "./up42-webhook-message.ts";

/**
 * Gives the update of those members that a request has; the null of a secret takes it away. Throws
 * `invalid`, naming the member, for one of another type and for an id that is not the path's.
 */
export function updateOf(request: UpdateUp42WebhookRequest) {
  const { webhookId, id, name, url, events, secret, active } = request;
  if (id !== undefined && id !== webhookId) throw invalid("id", "is not the webhook of the path");
  const webhook = {
    id: webhookId,
    ...(name !== undefined && { name }),
    ...(url !== undefined && { url }),
    ...(events !== undefined && { eventTypes: textsOf(events) }),
    ...(secret !== undefined && { secret: textOrEmpty(secret) }),
    ...(active !== undefined && { state: stateOf(active) }),
  };
  const paths = [
    ...(name === undefined ? [] : ["name"]),
    ...(url === undefined ? [] : ["url"]),
    ...(events === undefined ? [] : ["event_types"]),
    ...(secret === undefined ? [] : ["secret"]),
    ...(active === undefined ? [] : ["state"]),
  ];
  return { webhook, updateMask: { paths } };
}

function textsOf({ values }: ListValue): string[] {
  const fields = values.flatMap(({ kind }, index) =>
    kind.case === "stringValue"
      ? []
      : [{ field: `events[${index}]`, description: "must be a text" }],
  );
  if (fields.length > 0) {
    const names = fields.map(({ field }) => field).join(", ");
    throw new AppError("invalid", `${names}: must be a text`, { fields });
  }
  return values.map(({ kind }) => (kind.case === "stringValue" ? kind.value : ""));
}

function textOrEmpty({ kind }: Value): string {
  switch (kind.case) {
    case "nullValue":
      return "";
    case "stringValue":
      return kind.value;
    default:
      throw invalid("secret", "must be a text or null");
  }
}
