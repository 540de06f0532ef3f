import { expect, test } from "vitest";
import type { Environment } from "../environment.ts";
import { batches } from "./batches.ts";
import { readEvents } from "./event-source.ts";

/** What is read from standard input, which comes in pieces of so many bytes. */
async function read(text: string | Buffer, pieceBytes = 7) {
  const bytes = Buffer.from(text);
  async function* stdin() {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield new Uint8Array(bytes.subarray(at, at + pieceBytes));
    }
  }
  const environment = { stdin: stdin() } as unknown as Environment;
  const events = [];
  for await (const { event, number } of readEvents(environment, "-")) {
    events.push([number, event.type, Buffer.from(event.data).toString()]);
  }
  return events;
}

const one = '{"type":"a.b","data":{"n": 1.0, "é":"\\u00e9"}}';
const data = '{"n": 1.0, "é":"\\u00e9"}';

test.each([
  [
    "a line each",
    `${one}\n\n${one}\r\n`,
    [
      [1, "a.b", data],
      [3, "a.b", data],
    ],
  ],
  [
    "a line each, the last without an end",
    `\n${one}\n${one}`,
    [
      [2, "a.b", data],
      [3, "a.b", data],
    ],
  ],
  [
    "an array",
    `[${one},\n ${one}]`,
    [
      [1, "a.b", data],
      [2, "a.b", data],
    ],
  ],
  ["one that spans lines", `{\n "type": "a.b",\n "data": ${data}\n}\n`, [[1, "a.b", data]]],
  ["nothing", "\n\n", []],
])("reads %s, byte by byte", async (_, text, events) => {
  expect(await read(text)).toEqual(events);
});

test.each([
  [`${one}\n${one}\n{"type":"a.b",}\n`, "standard input, line 3: not JSON at column 15"],
  [`${one}\n{"type":`, "standard input, line 2: the text ends too early at column 9"],
  [`{\n"type":"a.b"\n"data":1}`, "standard input: not JSON at line 3, column 1"],
  [`[${one},\n{"type":7}]`, "standard input: [1]: "],
  [`${one}\n{"typ":"a.b"}`, 'standard input, line 2: key "typ" is unknown'],
  [`${one}\n7`, "standard input, line 2: "],
  [Buffer.concat([Buffer.from(`${one}\n"`), Buffer.from([0xff])]), "line 2: it is not UTF-8"],
])("refuses %j and names the place", async (text, words) => {
  await expect(read(text)).rejects.toThrow(words);
});

test("refuses a line that would not fit into memory", async () => {
  await expect(read(`${one}\n{"type":"${"x".repeat(3 * 1024 * 1024)}`, 65_536)).rejects.toThrow(
    "line 2: it is longer than 2 MiB",
  );
});

test("gathers batches of at most 100 events and 3 MiB", async () => {
  const mib = 1024 * 1024;
  const sizes = [...Array(150).fill(10), 2 * mib, 2 * mib, 10];
  async function* events() {
    for (const [number, bytes] of sizes.entries()) yield { number, bytes, event: {} as never };
  }
  const counts = [];
  for await (const batch of batches(events())) counts.push(batch.length);
  expect(counts).toEqual([100, 51, 2]);
});
