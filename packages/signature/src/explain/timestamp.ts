import { headerLines, headerOf, parseTimestamp } from "../message.ts";
import { parseSignatureInput } from "../schemes/rfc9421/signature-input.ts";
import { parseDictionary } from "../schemes/rfc9421/structured-field.ts";
import { headerNames } from "../schemes/standard.ts";
import { partsOf } from "../schemes/timestamped-hmac.ts";
import type { VerifyOptions } from "../verify.ts";
import type { SignatureFault } from "./fault.ts";

/** Says how far a message's time is from now, when that is too far, or that it is no time. */
export function timestampFaults(options: VerifyOptions): readonly SignatureFault[] {
  const text = timestampOf(options);
  if (text === undefined) return [];
  const timestampS = parseTimestamp(text);
  if (timestampS === undefined) return [malformed(text)];
  const { nowS, toleranceS = 300 } = options;
  const ageS = nowS - timestampS;
  const allowed = `more than the ${span(toleranceS)} that are allowed`;
  if (ageS > toleranceS) {
    return [
      {
        reason: "timestamp_too_old",
        problem: `the message was signed ${span(ageS)} ago, ${allowed}`,
        advice: "check this machine's clock; an old copy is looked at with a higher tolerance",
      },
    ];
  }
  if (-ageS > toleranceS) {
    return [
      {
        reason: "timestamp_too_new",
        problem: `the message was signed ${span(-ageS)} from now, ${allowed}`,
        advice: "set this machine's clock: it is behind the sender's",
      },
    ];
  }
  return [];
}

function malformed(text: string): SignatureFault {
  const inMs = parseTimestamp(text.slice(0, -3)) !== undefined && text.length === 13;
  const problem = inMs ? "it is in milliseconds" : "it is not";
  return {
    reason: "timestamp_malformed",
    problem: `the timestamp must be whole seconds since 1970: ${problem}`,
    advice: "use the header as it came: it is part of what was signed",
  };
}

/** Gives the text of a message's time; undefined where it has none, or none that can be read. */
function timestampOf(options: VerifyOptions): string | undefined {
  const { headers } = options;
  switch (options.scheme) {
    case "standard":
    case "standard-ed25519":
    case "svix":
      return headerOf(headers, headerNames[options.scheme].timestamp);
    case "hmac":
      return undefined;
    case "timestamped-hmac":
      return partsOf(headerOf(headers, options.header.toLowerCase()) ?? "").get("t")?.[0];
    case "rfc9421": {
      const member = parseDictionary(headerLines(headers, "signature-input"));
      const input = parseSignatureInput(member?.get(options.label ?? "sig1") ?? "");
      return input?.parameters.get("created");
    }
  }
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} seconds`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}
