import type { Socket } from "node:net";

/** HTTP/2 without TLS starts `PRI * HTTP/2.0`; no method of HTTP/1.1 starts like this. */
const http2Start = Buffer.from("PRI");

/** Tells by a connection's first bytes, which it leaves in place, which HTTP it speaks. */
export function sniff(
  socket: Socket,
  options: { timeoutMs: number; serve(protocol: "http1" | "http2"): void },
): void {
  let head = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), options.timeoutMs);
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = Buffer.concat([head, chunk]);
    const start = head.subarray(0, http2Start.length);
    const mayBeHttp2 = start.equals(http2Start.subarray(0, start.length));
    if (mayBeHttp2 && start.length < http2Start.length) return;
    stop();
    socket.unshift(head);
    options.serve(mayBeHttp2 ? "http2" : "http1");
  };
  const stop = () => {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("end", onGone);
    socket.off("error", onGone);
    socket.off("close", stop);
  };
  const onGone = () => socket.destroy();
  socket.on("readable", onReadable);
  socket.on("end", onGone);
  socket.on("error", onGone);
  socket.on("close", stop);
}
