import { isDeepStrictEqual } from "node:util";
import { type EventTypeDraft, isSameEventType } from "./event-type.ts";
import { bareProvider, type ProviderSettings } from "./provider.ts";

/** What a provider's file says: settings and catalog. */
export interface ProviderFile {
  readonly settings: ProviderSettings;
  readonly eventTypes: readonly EventTypeDraft[];
}

/** What applying a file would do. */
export interface ProviderChanges {
  /** The JSON names of the settings that differ; the name alone at least of a new provider. */
  readonly settings: readonly string[];
  /** The event types to write. */
  readonly eventTypes: readonly EventTypeDraft[];
  /** The JSON names of what changes, event types as `eventTypes.<name>`. */
  readonly names: readonly string[];
}

const jsonNames: readonly (readonly [keyof ProviderSettings, string])[] = [
  ["name", "name"],
  ["displayName", "displayName"],
  ["userAgent", "userAgent"],
  ["keyPrefix", "keyPrefix"],
  ["unknownEventTypes", "unknownEventTypes"],
  ["workspacesMustExist", "workspacesMustExist"],
  ["signatures", "signatures"],
  ["retryDelaysMs", "retryPolicy"],
  ["webhooksPerWorkspaceMax", "webhooksPerWorkspaceMax"],
  ["envelopes", "envelopes"],
  ["secrets", "secrets"],
  ["eventTypeSelection", "eventTypeSelection"],
  ["webhookFields", "webhookFields"],
  ["webhooksStartPaused", "webhooksStartPaused"],
  ["connections", "connections"],
  ["compat", "compat"],
];

/**
 * Compares a file with what is stored (undefined: no such provider). A new provider changes its
 * name and what differs from a bare provider. Event types that the file does not name stay.
 */
export function providerChanges(
  file: ProviderFile,
  stored: ProviderFile | undefined,
): ProviderChanges {
  const settings = settingChanges(file.settings, stored?.settings);
  const known = new Map(stored?.eventTypes.map((eventType) => [eventType.name, eventType]));
  const eventTypes = file.eventTypes.filter((eventType) => {
    const same = known.get(eventType.name);
    return same === undefined || !isSameEventType(eventType, same);
  });
  return {
    settings,
    eventTypes,
    names: [...settings, ...eventTypes.map((eventType) => `eventTypes.${eventType.name}`)],
  };
}

/** Gives the JSON names of the settings that differ; all that is not bare for a new provider. */
export function settingChanges(
  next: ProviderSettings,
  stored: ProviderSettings | undefined,
): string[] {
  const before = stored ?? { ...bareProvider(next.name), name: "" };
  return jsonNames
    .filter(([key]) => !isDeepStrictEqual(next[key], before[key]))
    .map(([, jsonName]) => jsonName);
}
