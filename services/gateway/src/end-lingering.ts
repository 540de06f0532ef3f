import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** How long a refused sender may go on sending before the connection is cut. */
const lingerMs = 500;

/**
 * Answers a request whose body is still coming and will not be read, and then closes the
 * connection. Closing at once would reset it, and a sender that still sends might lose the answer;
 * so what comes is thrown away for a moment.
 */
export function endLingering(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { status, head, body }: { status: number; head: OutgoingHttpHeaders; body: Uint8Array },
): void {
  response.writeHead(status, { ...head, connection: "close" });
  response.write(body);
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.once("close", end);
  request.once("end", end);
  request.resume();
}
