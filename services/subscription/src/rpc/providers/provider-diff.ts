import { create, toJson } from "@bufbuild/protobuf";
import { ProviderSchema } from "@posthorn/proto/posthorn/subscription/v1/provider";
import {
  type ProviderChange,
  ProviderChangeSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import type { EventTypeDraft } from "../../domain/event-type.ts";
import type { ProviderSettings } from "../../domain/provider.ts";
import type { ProviderChanges, ProviderFile } from "../../domain/provider-changes.ts";
import { toSettingsMessage } from "./provider-message.ts";

/** Gives what was and what is of all that a file changes; event types by their fields. */
export function providerDiff(
  file: ProviderFile,
  stored: ProviderFile | undefined,
  changes: ProviderChanges,
): ProviderChange[] {
  const before = stored === undefined ? {} : inFile(stored.settings);
  const after = inFile(file.settings);
  const known = new Map(stored?.eventTypes.map((eventType) => [eventType.name, eventType]));
  return [
    ...changes.settings.map((field) => change(field, text(before[field]), text(after[field]))),
    ...changes.eventTypes.flatMap((next) => eventTypeDiff(next, known.get(next.name))),
  ];
}

function eventTypeDiff(next: EventTypeDraft, stored: EventTypeDraft | undefined): ProviderChange[] {
  const before = stored === undefined ? {} : textsOf(stored);
  return Object.entries(textsOf(next)).flatMap(([field, after]) => {
    const was = before[field] ?? "";
    return was === after ? [] : [change(`eventTypes.${next.name}.${field}`, was, after)];
  });
}

/** Schema and example are JSON text as they are; what is not set is empty. */
function textsOf({ schema, example, ...fields }: EventTypeDraft): Readonly<Record<string, string>> {
  const { name, group, description, label, version, filter, hasPrevious } = fields;
  const texts = { name, group, description, label, version, filter };
  return {
    ...Object.fromEntries(Object.entries(texts).map(([field, it]) => [field, it && text(it)])),
    schema: new TextDecoder().decode(schema),
    example: new TextDecoder().decode(example),
    hasPrevious: hasPrevious ? "true" : "",
  };
}

/** Gives settings as a file has them, without what is not set. */
function inFile(settings: ProviderSettings): Readonly<Record<string, unknown>> {
  // The message's ProtoJSON is an object.
  return toJson(ProviderSchema, toSettingsMessage(settings)) as Record<string, unknown>;
}

function text(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value);
}

function change(field: string, before: string, after: string): ProviderChange {
  return create(ProviderChangeSchema, { field, before, after });
}
