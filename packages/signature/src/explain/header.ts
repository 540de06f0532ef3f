import { type Headers, headerLines } from "../message.ts";
import { headerNames } from "../schemes/standard.ts";
import type { VerifyOptions } from "../verify.ts";
import type { SignatureFault } from "./fault.ts";

/** Says which headers of a signature are not there, or there twice. */
export function headerFaults(options: VerifyOptions): readonly SignatureFault[] {
  return namesOf(options).flatMap((name) => {
    const { length } = headerLines(options.headers, name);
    if (length === 0) return [missing(name, options.headers)];
    if (length === 1 || options.scheme === "rfc9421") return [];
    return [
      {
        reason: "header_repeated",
        problem: `the header ${name} is there ${length} times`,
        advice: "find what adds it again, such as a proxy, and keep the first sender's",
      },
    ];
  });
}

function missing(name: string, headers: Headers): SignatureFault {
  const others = Object.keys(headers).filter((other) => /signature$/i.test(other));
  const found = others.length === 0 ? "" : `; there is ${others.join(", ").toLowerCase()}`;
  return {
    reason: "header_missing",
    problem: `the header ${name} is missing${found}`,
    advice: "look which signatures the provider sends, and whether a proxy drops headers",
  };
}

function namesOf(options: VerifyOptions): readonly string[] {
  switch (options.scheme) {
    case "standard":
    case "standard-ed25519":
    case "svix":
      return Object.values(headerNames[options.scheme]);
    case "hmac":
    case "timestamped-hmac":
      return [options.header.toLowerCase()];
    case "rfc9421":
      return ["signature-input", "signature", "content-digest"];
  }
}
