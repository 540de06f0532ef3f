import { AppError } from "@posthorn/errors";

/** A refused record, as it is listed. */
export interface DeadLetter {
  /** The UUID of its `dead_` id. */
  readonly uuid: string;
  readonly provider: string;
  /** The identity of the log that it was read from. */
  readonly logId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** A reason of the API in upper case, or INTERNAL for a record that broke us. */
  readonly reason: string;
  /** One line without control characters, at most 1,000 characters. */
  readonly message: string;
  /** The first 1,024 bytes of its value. */
  readonly valueHead: Uint8Array;
  readonly valueSize: number;
  readonly createdAt: Date;
}

/** A record of an ingest topic, as far as its dead letter is concerned. */
export interface IncomingRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, Uint8Array>>;
}

/** A record that is not taken, and why: an AppError is its own fault, all else is a defect of ours. */
export interface RefusedRecord {
  readonly record: IncomingRecord;
  readonly error: unknown;
  /** Headers that must not be handed on. */
  readonly withoutHeaders: readonly string[];
}

const valueHeadBytes = 1_024;
const messageLengthMax = 1_000;

/** Gives the row of a refused record. */
export function deadLetterOf(
  { record, error }: RefusedRecord,
  rest: Pick<DeadLetter, "uuid" | "provider" | "logId" | "topic" | "createdAt">,
): DeadLetter {
  return {
    ...rest,
    ...explain(error),
    partition: record.partition,
    offset: record.offset,
    valueHead: record.value.subarray(0, valueHeadBytes),
    valueSize: record.value.length,
  };
}

/**
 * Gives the headers of a dead letter: those of the record as they came, but for the ones that
 * bear a key, and what became of it and where it stood.
 */
export function deadLetterHeaders(
  { record, withoutHeaders }: RefusedRecord,
  letter: DeadLetter,
): Readonly<Record<string, Uint8Array>> {
  const kept = Object.entries(record.headers).filter(([name]) => !withoutHeaders.includes(name));
  return {
    ...Object.fromEntries(kept),
    "posthorn-reason": Buffer.from(letter.reason),
    "posthorn-message": Buffer.from(letter.message),
    "posthorn-topic": Buffer.from(letter.topic),
    "posthorn-partition": Buffer.from(String(letter.partition)),
    "posthorn-offset": Buffer.from(String(letter.offset)),
  };
}

function explain(error: unknown): Pick<DeadLetter, "reason" | "message"> {
  if (!(error instanceof AppError)) return { reason: "INTERNAL", message: "internal error" };
  return { reason: error.reason.toUpperCase(), message: oneLine(error.message) };
}

/** Postgres takes no NUL in text, and logs should be read by line. */
function oneLine(message: string): string {
  return message
    .slice(0, messageLengthMax)
    .replace(/\p{Cc}/gu, " ")
    .toWellFormed();
}
