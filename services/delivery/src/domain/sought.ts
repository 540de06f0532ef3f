/** What a person looks for among deliveries; what is not looked for is empty. */
export interface Sought {
  /** Ids, as they were typed. */
  readonly delivery: string;
  readonly event: string;
  readonly webhook: string;
  /** How the event type begins. */
  readonly typePrefix: string;
}

/** Tells what a query looks for: an id, or else how the event type begins. */
export function soughtBy(query: string): Sought {
  const of = (prefix: string) => (query.startsWith(`${prefix}_`) ? query : "");
  const ids = { delivery: of("dlv"), event: of("evt"), webhook: of("wh") };
  const isId = Object.values(ids).some((id) => id !== "");
  return { ...ids, typePrefix: isId ? "" : query };
}
