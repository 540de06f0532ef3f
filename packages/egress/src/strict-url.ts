/** The parts of a URL as they were written, but for scheme and default port. */
export interface UrlParts {
  readonly scheme: "http" | "https";
  /** With brackets around IPv6. */
  readonly host: string;
  /** Undefined when none was written. */
  readonly port: string | undefined;
  /** Path and query, starting with a slash. */
  readonly path: string;
}

const urlCharsMax = 2_048;
const visibleAscii = /^[\x21-\x7e]*$/;
const shape = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?]*)(.*)$/;
const authority = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]*)(?::(.*))?$/;
const pathAndQuery =
  /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&()*+,;=:@/?[\]-]|%[0-9A-Fa-f]{2})*)?$/;

/**
 * Takes a URL apart by RFC 3986, without the repairs that WHATWG parsers make (dropped control
 * characters, backslashes as slashes, percent-decoded hosts): what needs repair is refused, since
 * two parsers would repair it differently.
 */
export function parseStrictly(text: string): UrlParts | { readonly problem: string } {
  const problem = textProblem(text);
  if (problem !== undefined) return { problem };
  const [, scheme = "", where = "", rest = ""] = shape.exec(text) ?? [];
  const lowerScheme = scheme.toLowerCase();
  if (lowerScheme !== "https" && lowerScheme !== "http") {
    return { problem: "url must start with https://" };
  }
  const [, host, port] = authority.exec(where) ?? [];
  if (host === undefined) return { problem: "url must have a host, then at most a port" };
  if (!pathAndQuery.test(rest)) {
    return { problem: "path and query must be percent-encoded as RFC 3986 says" };
  }
  return { scheme: lowerScheme, host, port, path: rest.startsWith("/") ? rest : `/${rest}` };
}

function textProblem(text: string): string | undefined {
  if (text.length > urlCharsMax) return `url must have at most ${urlCharsMax} characters`;
  if (!visibleAscii.test(text)) {
    return "url must be visible ASCII without blanks; write other scripts as punycode or percent codes";
  }
  if (text.includes("\\")) return "url must not hold a backslash";
  if (text.includes("#")) return "url must not have a fragment: it is never sent";
  const [, where = ""] = /^[^/]*:\/\/([^/?]*)/.exec(text) ?? [];
  if (where.includes("@")) return "url must not hold a user name or password; use a header";
  return where.includes("%") ? "host must not be percent-encoded" : undefined;
}
