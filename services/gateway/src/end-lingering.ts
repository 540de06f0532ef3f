import type { IncomingMessage, ServerResponse } from "node:http";

/** How long a refused sender may go on sending before the connection is cut. */
const lingerMs = 500;

/**
 * Answers a request whose body is still coming and will not be read, and then closes the
 * connection. Closing at once would reset it, and a sender that still sends might lose the answer;
 * so what comes is thrown away for a moment.
 */
export function endLingering(
  request: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
): void {
  response.setHeader("connection", "close");
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
