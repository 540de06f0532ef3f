import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Posthorn } from "../harness/posthorn.ts";

/** A bare connection to the HTTP port. */
export interface Connection {
  readonly socket: Socket;
  /** Writes, unless the other side has closed, and waits until that has gone out. */
  write(text: string): Promise<void>;
  /** Gives all that came back once the other side has closed. */
  closed(): Promise<string>;
}

/** Opens one, and writes what it is given first. */
export async function openConnection({ url }: { url: string }, first = ""): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  let answer = "";
  socket.setEncoding("latin1").on("data", (text) => {
    answer += text;
  });
  // What is written to a connection that was refused breaks it; the answer is there by then.
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const write = async (text: string) => {
    if (socket.writable) await new Promise((resolve) => socket.write(text, resolve));
  };
  if (first !== "") await write(first);
  return {
    socket,
    write,
    async closed() {
      await closed;
      return answer;
    },
  };
}

/** Gives a request's head up to, and with, the empty line. */
export function head(
  { operatorKey }: { operatorKey: string },
  line: string,
  headers: readonly string[] = [],
): string {
  const fixed = ["host: posthorn", `authorization: Bearer ${operatorKey}`];
  return [`${line} HTTP/1.1`, ...fixed, ...headers, "", ""].join("\r\n");
}

/** Gives the bytes of memory that the first process of a deployment has now. */
export function rssOf({ processes: [first] }: Posthorn): number {
  if (first === undefined) throw new Error("there is no process");
  const text = execFileSync("ps", ["-o", "rss=", "-p", String(first.pid)], { encoding: "utf8" });
  return Number(text) * 1_024;
}
