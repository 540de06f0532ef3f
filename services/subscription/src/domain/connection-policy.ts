import type { EnvelopeField } from "./envelope.ts";

/** What connections are for, as a provider file has it. */
export interface ConnectionPolicy {
  /** Whether every event must name a connection. */
  readonly required?: boolean;
  /** What is sent while a first sync runs: exact names or `prefix.*`. Left out: everything. */
  readonly firstSyncEventTypes?: readonly string[];
  /** The types of the events that Posthorn publishes itself. Left out: it publishes none. */
  readonly createdEventType?: string;
  readonly deletedEventType?: string;
  readonly syncCompletedEventType?: string;
  /** The members of those events' data. Left out: `id`, `integration_name` and `time`. */
  readonly eventData?: readonly EnvelopeField[];
}
