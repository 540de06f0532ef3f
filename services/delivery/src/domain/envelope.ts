/** What the envelope is rendered from. */
export interface EnvelopeSource {
  readonly type: string;
  /** RFC 3339, as precise as the publisher gave it. */
  readonly time: string;
  /** JSON text, UTF-8. */
  readonly data: Uint8Array;
}

const end = Buffer.from("}");

/**
 * Renders the default envelope `{"type", "timestamp", "data"}`. The data's bytes stand in it as
 * they were published. A pure function of the event, so that every attempt sends the same bytes.
 */
export function renderEnvelope(source: EnvelopeSource): Buffer {
  const head = `{"type":${JSON.stringify(source.type)},"timestamp":${JSON.stringify(source.time)},"data":`;
  return Buffer.concat([Buffer.from(head), source.data, end]);
}
