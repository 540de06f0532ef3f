import { type AddressPolicy, addressPolicy } from "./address-policy.ts";
import { parseHost } from "./host-rule.ts";
import { portProblem } from "./port-rule.ts";
import { parseStrictly } from "./strict-url.ts";

/** What the operator (never a tenant) allows beyond https to the public internet. */
export interface UrlPolicy {
  /** Ranges that are dialled although they are not public: `127.0.0.1/32`, `10.1.0.0/16`. */
  readonly allowCidrs: readonly string[];
  /** Whether plain http may be spoken with addresses in `allowCidrs`; to names it never is. */
  readonly allowHttp: boolean;
}

/** Where a checked URL leads. */
export interface Target {
  /** In normal form: host in lower case, no default port, a path. */
  readonly url: string;
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
}

/** A policy whose ranges are parsed. */
export interface TargetPolicy {
  readonly addresses: AddressPolicy;
  readonly allowHttp: boolean;
}

const policies = new WeakMap<UrlPolicy, AddressPolicy>();

/**
 * Checks the URL of a webhook: https, a public name or address, nothing that two parsers could read
 * differently. Gives its normal form, or what is wrong: a lower-case sentence that does not repeat
 * the URL. It asks no resolver: where a name leads is checked whenever a connection is opened.
 */
export function checkUrl(
  text: string,
  policy: UrlPolicy,
): { readonly url: string } | { readonly problem: string } {
  const target = checkTarget(text, { addresses: addressesOf(policy), allowHttp: policy.allowHttp });
  return "problem" in target ? target : { url: target.url };
}

/** Does the same for one's own address policy and gives the parts that a request needs. */
export function checkTarget(
  text: string,
  policy: TargetPolicy,
): Target | { readonly problem: string } {
  const parts = parseStrictly(text);
  if ("problem" in parts) return parts;
  const host = parseHost(parts.host);
  if ("problem" in host) return host;
  const port = parts.port ?? (parts.scheme === "https" ? "443" : "80");
  const address = host.kind === "address" ? host.address : undefined;
  const problem =
    portProblem(port) ??
    addressProblem(policy.addresses, address, Number(port)) ??
    schemeProblem(policy, parts.scheme, address);
  if (problem !== undefined) return { problem };
  const authority = `${parts.host.toLowerCase()}${parts.port === undefined ? "" : `:${port}`}`;
  return compare(`${parts.scheme}://${authority}`, parts.path);
}

function addressProblem(policy: AddressPolicy, address: string | undefined, port: number) {
  return address === undefined ? undefined : policy.problem(address, port);
}

function schemeProblem(policy: TargetPolicy, scheme: string, address: string | undefined) {
  const isPlainAllowed =
    policy.allowHttp && address !== undefined && policy.addresses.isAllowed(address);
  return scheme === "https" || isPlainAllowed ? undefined : "url must start with https://";
}

/** Has a second parser read what we read: where both differ, someone else's may differ too. */
function compare(origin: string, path: string): Target | { readonly problem: string } {
  if (!URL.canParse(`${origin}${path}`)) return { problem: "host is not valid" };
  const url = new URL(`${origin}${path}`);
  const readPath = `${url.pathname}${url.search}`;
  if (readPath !== path && `${readPath}?` !== path) {
    return { problem: "path must be in normal form: without dot segments" };
  }
  if (!isWritten(origin, url)) return { problem: "host must be in normal form" };
  return { url: `${url.origin}${path}`, origin: url.origin, path };
}

/** Whether the host that was read is the one that was written; IPv6 has several spellings. */
function isWritten(origin: string, url: URL): boolean {
  if (url.hostname.startsWith("[")) return origin.includes("://[");
  const defaultPort = url.protocol === "https:" ? ":443" : ":80";
  return url.origin === origin || `${url.origin}${defaultPort}` === origin;
}

function addressesOf(policy: UrlPolicy): AddressPolicy {
  const known = policies.get(policy);
  if (known !== undefined) return known;
  const made = addressPolicy({ allowCidrs: policy.allowCidrs, refuse: [] });
  policies.set(policy, made);
  return made;
}
