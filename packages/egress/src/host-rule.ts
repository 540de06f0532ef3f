import { isIPv4, isIPv6 } from "node:net";
import { domainToUnicode } from "node:url";

const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const looksNumeric = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const hostCharsMax = 253;

/** Endings that never name a receiver in the public internet (RFC 6761, 6762, 8375 and habit). */
const privateEndings = [
  "localhost",
  "localdomain",
  "local",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "home.arpa",
  "onion",
];

/** A host as it was written, in lower case. */
export type Host =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "address"; readonly address: string };

/**
 * Reads the host of a URL: a name of at least two labels, a dotted quad, or an IPv6 address in
 * brackets. What other parsers would turn into an address (`127.1`, `0x7f000001`) is no host here.
 */
export function parseHost(text: string): Host | { readonly problem: string } {
  const host = text.toLowerCase();
  if (host.startsWith("[")) return bracketed(host);
  if (isIPv4(host)) return { kind: "address", address: host };
  const problem = nameProblem(host);
  return problem === undefined ? { kind: "name", name: host } : { problem };
}

function bracketed(host: string): Host | { readonly problem: string } {
  const address = host.slice(1, -1);
  const isAddress = host.endsWith("]") && isIPv6(address) && !address.includes("%");
  return isAddress
    ? { kind: "address", address }
    : { problem: "host in brackets must be an IPv6 address without a zone" };
}

function nameProblem(host: string): string | undefined {
  if (host === "") return "host is missing";
  if (host.length > hostCharsMax) return `host must have at most ${hostCharsMax} characters`;
  if (privateEndings.some((ending) => isUnder(host.replace(/\.$/, ""), ending))) {
    return "host is not a name in the public internet";
  }
  if (host.endsWith(".")) return "host must be written without its final dot";
  const labels = host.split(".");
  if (!labels.every((part) => label.test(part))) {
    return "host must consist of letters, digits, hyphens and dots; write other scripts as punycode";
  }
  if (!labels.every(isDecodable)) return "host holds broken punycode";
  if (looksNumeric.test(labels.at(-1) ?? "")) return "host must be a name or a dotted quad";
  return labels.length < 2 ? "host must have at least two labels" : undefined;
}

/** Whether a label is no punycode, or punycode of something; WHATWG parsers let broken codes pass. */
function isDecodable(part: string): boolean {
  return !part.startsWith("xn--") || !domainToUnicode(part).startsWith("xn--");
}

function isUnder(host: string, ending: string): boolean {
  return host === ending || host.endsWith(`.${ending}`);
}
