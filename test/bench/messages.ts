import type { Socket } from "node:net";

const headEnd = "\r\n\r\n";
const empty = Buffer.alloc(0);

/**
 * Reads HTTP/1.1 messages from a socket and gives each with its head as text. No more of HTTP than
 * the benchmark's own two ends write to each other, framed by `content-length`: a whole server or
 * client would take more of the machine than what is measured leaves.
 */
export function readMessages(
  socket: Socket,
  onMessage: (message: { head: string; body: Buffer }) => void,
): void {
  let unread: Buffer = empty;
  socket.on("data", (chunk) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    for (;;) {
      const headLength = unread.indexOf(headEnd);
      if (headLength === -1) return;
      const head = unread.toString("latin1", 0, headLength);
      const bodyAt = headLength + headEnd.length;
      const end = bodyAt + Number(headerOf(head, "content-length") ?? 0);
      if (unread.length < end) return;
      const body = unread.subarray(bodyAt, end);
      unread = unread.length === end ? empty : unread.subarray(end);
      onMessage({ head, body });
    }
  });
}

/** Gives a header's value; undefined when it is not there. `name` is in lower case. */
export function headerOf(head: string, name: string): string | undefined {
  const field = `\r\n${name}: `;
  const at = head.indexOf(field);
  if (at === -1) return undefined;
  const end = head.indexOf("\r\n", at + field.length);
  return head.slice(at + field.length, end === -1 ? head.length : end);
}
