const idForm = /^[\x21-\x2d\x2f-\x7e]{1,256}$/;
const timestampForm = /^(?:0|[1-9][0-9]{0,11})$/;

/** What a scheme signs. */
export interface Message {
  /**
   * At least one, newest first. Schemes that can carry several signatures carry one of each, so
   * that receivers may hold any of them; the others are signed with the first.
   */
  readonly secrets: readonly string[];
  /** The event's id: visible characters without a dot. */
  readonly id: string;
  /** Whole seconds since 1970, of the attempt. */
  readonly timestampS: number;
  /** Exactly the bytes that are sent. */
  readonly body: Uint8Array;
}

/** The request that carries a message; `rfc9421` covers it. */
export interface Request {
  /** As it is sent: `POST`. */
  readonly method: string;
  /** The whole URL, as the sender has it. */
  readonly url: string;
}

/** The request that a message is to be sent by. */
export interface SignedRequest extends Request {
  readonly contentType: string;
  /** The parameter `keyid`: by what a receiver finds its key. Default: left out. */
  readonly keyId?: string;
}

/** Headers as they came, in any letter case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Whether a message is genuine, or why not. */
export type Verification = { readonly ok: true } | { readonly problem: string };

/** A message as it came, and when. */
export interface Received {
  /** Any of them may have signed. */
  readonly secrets: readonly string[];
  /** In any letter case; others than the scheme's are ignored. */
  readonly headers: Headers;
  /** Exactly the bytes that came, before any parsing. */
  readonly body: Uint8Array;
  /** Now, in seconds since 1970. */
  readonly nowS: number;
  /** How far the timestamp may lie from now, either way. */
  readonly toleranceS: number;
}

export const noMatch = { problem: "no signature matches" } as const satisfies Verification;

/**
 * What is wrong with a message's id; undefined = nothing. A dot would let the border between id,
 * timestamp and body be moved without changing the signed bytes.
 */
export function idProblem(id: string): string | undefined {
  return idForm.test(id) ? undefined : "id must be 1 to 256 visible characters without a dot";
}

/** Reads seconds since 1970 in plain decimal; undefined = malformed. */
export function parseTimestamp(text: string): number | undefined {
  return timestampForm.test(text) ? Number(text) : undefined;
}

/** What is wrong with the time of a message that comes now; undefined = nothing. */
export function timestampProblem(
  text: string,
  { nowS, toleranceS }: { nowS: number; toleranceS: number },
): string | undefined {
  const timestampS = parseTimestamp(text);
  if (timestampS === undefined) return "timestamp must be whole seconds since 1970";
  // Written so that a NaN in either number refuses.
  if (!(nowS - timestampS <= toleranceS)) return "timestamp is too old";
  if (!(timestampS - nowS <= toleranceS)) return "timestamp is too far in the future";
  return undefined;
}

/** Gives a header that must be there once; undefined when it is not. */
export function headerOf(headers: Headers, wanted: string): string | undefined {
  const exact = headers[wanted];
  if (typeof exact === "string") return exact;
  const values = headerLines(headers, wanted);
  return values.length === 1 ? values[0] : undefined;
}

/** Gives every line of a header, in order. */
export function headerLines(headers: Headers, wanted: string): readonly string[] {
  return Object.entries(headers)
    .filter(([name]) => name.toLowerCase() === wanted)
    .flatMap(([, value]) => value ?? []);
}

/** Says that a header is absent, or there twice. */
export function missing(name: string): Verification {
  return { problem: `header ${name} must be there exactly once` };
}
