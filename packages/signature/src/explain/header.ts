import { type Headers, headerLines } from "../message.ts";
import { headerNames } from "../schemes/standard.ts";
import type { VerifyOptions } from "../verify.ts";
import type { SignatureFault } from "./fault.ts";

/** Says which headers of a signature are not there, or there twice. */
export function headerFaults(options: VerifyOptions): readonly SignatureFault[] {
  const names = namesOf(options);
  const counts = names.map((name) => [name, headerLines(options.headers, name).length] as const);
  const absent = counts.filter(([, count]) => count === 0).map(([name]) => name);
  if (absent.length > 0) return [missing(absent, options.headers)];
  if (options.scheme === "rfc9421") return [];
  return counts.filter(([, count]) => count > 1).map(([name, count]) => repeated(name, count));
}

function missing(absent: readonly string[], headers: Headers): SignatureFault {
  const others = Object.keys(headers).filter((name) => /signature$/i.test(name));
  const found = others.length === 0 ? "" : `; there is ${others.join(", ").toLowerCase()}`;
  const which = absent.length === 1 ? "header" : "headers";
  return {
    reason: "header_missing",
    problem: `the ${which} ${listed(absent)} ${absent.length === 1 ? "is" : "are"} missing${found}`,
    advice: adviceFor(headers),
  };
}

function adviceFor(headers: Headers): string {
  const value = (name: string) => headerLines(headers, name).join(" ");
  if (/(^| )v1,/.test(value("webhook-signature"))) return "verify by the scheme standard";
  if (/(^| )v1a,/.test(value("webhook-signature"))) return "verify by the scheme standard-ed25519";
  if (value("svix-signature") !== "") return "verify by the scheme svix";
  if (value("signature-input") !== "") return "verify by the scheme rfc9421";
  return "look which signatures the provider sends, and whether a proxy drops headers";
}

function repeated(name: string, count: number): SignatureFault {
  return {
    reason: "header_repeated",
    problem: `the header ${name} is there ${count} times`,
    advice: "find what adds it again, such as a proxy, and keep the first sender's",
  };
}

function listed(names: readonly string[]): string {
  const [last = "", ...before] = names.toReversed();
  return before.length === 0 ? last : `${before.toReversed().join(", ")} and ${last}`;
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
