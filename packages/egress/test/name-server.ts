import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What a name server says to a name: addresses behind a CNAME, an error code, or nothing at all. */
export type NameAnswer =
  | { readonly alias?: string; readonly a?: string }
  | { readonly errorCode: number }
  | "silent";

/** A name server on 127.0.0.1 with a fixed table; unknown names do not exist. */
export async function nameServer(names: Readonly<Record<string, NameAnswer>>): Promise<{
  readonly address: string;
  readonly questions: readonly string[];
  close(): Promise<void>;
}> {
  const socket = createSocket("udp4");
  const questions: string[] = [];
  socket.on("message", (message, peer) => {
    const { name, end } = readName(message);
    const type = message.readUInt16BE(end);
    questions.push(`${name} ${type}`);
    const answer = names[name] ?? { errorCode: 3 };
    if (answer !== "silent")
      socket.send(reply(message.subarray(0, end + 4), type, answer), peer.port);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    async close() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function readName(message: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 1 };
}

const typeA = 1;
const typeCname = 5;

function reply(question: Buffer, type: number, answer: Exclude<NameAnswer, "silent">): Buffer {
  const records = "errorCode" in answer ? [] : recordsOf(type, answer);
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | ("errorCode" in answer ? answer.errorCode : 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.fill(0, 8, 12);
  return Buffer.concat([head, ...records]);
}

function recordsOf(type: number, { alias, a }: { alias?: string; a?: string }): Buffer[] {
  const owner = alias === undefined ? Buffer.of(0xc0, 12) : nameBytes(alias);
  const cname =
    alias === undefined ? [] : [record(Buffer.of(0xc0, 12), typeCname, nameBytes(alias))];
  const address = type === typeA && a !== undefined ? [record(owner, typeA, quad(a))] : [];
  return [...cname, ...address];
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function nameBytes(name: string): Buffer {
  const labels = name
    .split(".")
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  return Buffer.concat([...labels, Buffer.of(0)]);
}

function quad(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}
