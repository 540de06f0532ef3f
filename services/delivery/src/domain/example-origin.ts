import type { EventOrigin } from "./event-origin.ts";

const exampleConnectionId = "conn_01h455vb4pex5vsknk084sn02q";
const nothingChanged = new TextEncoder().encode("{}");

/**
 * Gives the origin of an event that only tests a webhook: a connection of no workspace where events
 * have to name one, and no change where they carry what changed.
 */
export function exampleOrigin({
  needsConnection,
  hasPrevious,
}: {
  needsConnection: boolean;
  hasPrevious: boolean;
}): EventOrigin {
  return {
    ...(needsConnection && { connectionId: exampleConnectionId, integrationName: "example" }),
    ...(hasPrevious && { previousAttributes: nothingChanged }),
  };
}
