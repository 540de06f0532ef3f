import pg from "pg";

/** A query that is prepared under its name. One name must always stand for the same text. */
export interface NamedQueryConfig extends pg.QueryConfig<unknown[]> {
  readonly name: string;
  readonly values: unknown[];
}

/** What each connection has prepared: texts by name. */
const preparedOn = new WeakMap<pg.Connection, Map<string, string>>();

/**
 * Gives a query for `pool.query` or `client.query` that hands large parameters on as they are:
 * Buffers must not change before it ends. The driver copies all of them into one message, whose
 * buffer grows by a half at a time: 1 to 5 µs an event for a statement that stores 128 of 1 kB.
 */
export function namedQuery(config: NamedQueryConfig): pg.Query {
  const { name, text, values } = config;
  const query = new pg.Query(config);
  const submitByDriver = query.submit;
  query.submit = (connection) => {
    const prepared = preparedOn.get(connection) ?? new Map<string, string>();
    preparedOn.set(connection, prepared);
    const plain = prepared.get(name) === text ? plainOf(values) : undefined;
    if (plain === undefined || !connection.stream.writable) {
      query.once("end", () => prepared.set(name, text));
      return submitByDriver.call(query, connection);
    }
    connection.stream.cork();
    for (const piece of boundMessages(name, plain)) connection.stream.write(piece);
    connection.stream.uncork();
    return null;
  };
  return query;
}

/** A parameter as it is sent. */
type Plain = Buffer | string | null;

/** Undefined when the driver has to convert a value. */
function plainOf(values: readonly unknown[]): readonly Plain[] | undefined {
  const plain: Plain[] = [];
  for (const value of values) {
    if (typeof value === "number") plain.push(String(value));
    else if (Buffer.isBuffer(value) || typeof value === "string" || value === null)
      plain.push(value);
    else return undefined;
  }
  return plain;
}

/** Larger parameters are written as they are; smaller ones take less time copied into one piece. */
const copiedBytesMax = 8_192;
const nullLength = -1;
const textFormat = 0;
const binaryFormat = 1;
/** Describe the unnamed portal, execute it for all rows, sync. */
const ending = Buffer.from("D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04", "latin1");

/**
 * Gives the messages that run a prepared statement, in pieces: Bind, Describe, Execute and Sync
 * (https://www.postgresql.org/docs/16/protocol-message-formats.html).
 */
export function boundMessages(name: string, values: readonly Plain[]): readonly Buffer[] {
  const lengths = values.map((value) => (value === null ? 0 : Buffer.byteLength(value)));
  const headLength = 1 + 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 * values.length + 2;
  const length = lengths.reduce((sum, bytes) => sum + 4 + bytes, headLength + 4);
  const largeLength = lengths.reduce((sum, bytes) => sum + (bytes > copiedBytesMax ? bytes : 0), 0);
  const copied = Buffer.allocUnsafe(length - largeLength);
  const pieces: Buffer[] = [];
  let at = copied.write("B", 0);
  at = copied.writeInt32BE(length - 1, at);
  at = copied.writeUInt8(0, at);
  at += copied.write(`${name}\0`, at);
  at = copied.writeInt16BE(values.length, at);
  for (const value of values) {
    at = copied.writeInt16BE(Buffer.isBuffer(value) ? binaryFormat : textFormat, at);
  }
  at = copied.writeInt16BE(values.length, at);
  let pieceAt = 0;
  for (const [index, value] of values.entries()) {
    const bytes = lengths[index] ?? 0;
    at = copied.writeInt32BE(value === null ? nullLength : bytes, at);
    if (value === null) continue;
    if (bytes > copiedBytesMax) {
      pieces.push(
        copied.subarray(pieceAt, at),
        Buffer.isBuffer(value) ? value : Buffer.from(value),
      );
      pieceAt = at;
    } else {
      at += Buffer.isBuffer(value) ? value.copy(copied, at) : copied.write(value, at);
    }
  }
  // All columns of the answer in one format.
  at = copied.writeInt16BE(1, at);
  copied.writeInt16BE(textFormat, at);
  pieces.push(copied.subarray(pieceAt), ending);
  return pieces;
}
