/** Where an event comes from, and what it changed; what is undefined the event does not say. */
export interface EventOrigin {
  /** `conn_` + 26 characters. */
  readonly connectionId?: string | undefined;
  /** The name of the connection's integration when the event was accepted. */
  readonly integrationName?: string | undefined;
  /** The previous values of what changed: a JSON object as text. */
  readonly previousAttributes?: Uint8Array | undefined;
}
