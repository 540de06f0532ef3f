/** The log of accepted events. */
export const eventsTopic = "posthorn.events.v1";
/** The log of what became of deliveries and webhooks, for others to read. */
export const outcomesTopic = "posthorn.outcomes.v1";
