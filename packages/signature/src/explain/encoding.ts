import { headerOf } from "../message.ts";
import { headerNames } from "../schemes/standard.ts";
import type { VerifyOptions } from "../verify.ts";
import type { Guess } from "./fault.ts";

/** How a digest is written in a header. */
interface Form {
  readonly name: string;
  readonly encoding: "hex" | "base64";
  readonly prefix: string;
}

/** A digest as it was found: what stands before it, too. */
interface Found extends Omit<Form, "name"> {
  readonly digest: Buffer;
}

const spellings = [
  ["hex", /(?<![0-9A-Za-z])[0-9A-Fa-f]{64}(?![0-9A-Za-z])/g],
  ["base64", /(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{43}=?(?![0-9A-Za-z+/_=-])/g],
] as const;

/** The same digest as it should be written, and the secret as the other key that it can be. */
export function encodingGuesses(options: VerifyOptions): readonly Guess[] {
  const keys = otherKey(options);
  const form = formOf(options);
  if (form === undefined) return keys;
  const written = [options, ...keys.map((guess) => guess.options)].flatMap((one) =>
    rewritten(one, form),
  );
  return [...keys, ...written];
}

function formOf(options: VerifyOptions): Form | undefined {
  switch (options.scheme) {
    case "standard":
    case "svix":
      return { name: headerNames[options.scheme].signature, encoding: "base64", prefix: "v1," };
    case "hmac": {
      const { header, encoding = "hex", prefix = "" } = options;
      return { name: header.toLowerCase(), encoding, prefix };
    }
    case "standard-ed25519":
    case "timestamped-hmac":
    case "rfc9421":
      return undefined;
  }
}

/** Every digest of the header, alone and in the right form. */
function rewritten(options: VerifyOptions, { name, ...form }: Form): readonly Guess[] {
  return digestsIn(headerOf(options.headers, name) ?? "").map((found) => ({
    faults: [
      {
        reason: "encoding",
        problem: `${name} holds the right digest as ${textOf(found)}, where ${textOf(form)} is expected`,
        advice: "set encoding and prefix to those of the provider's signature",
      },
    ],
    options: {
      ...options,
      headers: { ...options.headers, [name]: form.prefix + found.digest.toString(form.encoding) },
    },
  }));
}

function digestsIn(header: string): readonly Found[] {
  return spellings.flatMap(([encoding, spelling]) =>
    [...header.matchAll(spelling)].map((match) => ({
      encoding,
      prefix: header.slice(0, match.index),
      digest: Buffer.from(match[0], encoding),
    })),
  );
}

function textOf({ encoding, prefix }: Omit<Form, "name">): string {
  return prefix === "" ? encoding : `${encoding} after "${prefix}"`;
}

function otherKey(options: VerifyOptions): readonly Guess[] {
  switch (options.scheme) {
    case "standard":
    case "standard-ed25519":
    case "svix":
      return [];
    case "hmac":
    case "timestamped-hmac":
    case "rfc9421": {
      const isText = (options.secretEncoding ?? "text") === "text";
      const secretEncoding = isText ? "decoded" : "text";
      const fault = { reason: "encoding", ...(isText ? isDecoded : isAsText) } as const;
      return [{ faults: [fault], options: { ...options, secretEncoding } }];
    }
  }
}

const advice = "set secretEncoding to that of the provider's signature";
const isDecoded = {
  problem: "the key is what the secret's base64 stands for, not its text",
  advice,
};
const isAsText = { problem: "the key is the secret's whole text, not decoded base64", advice };
