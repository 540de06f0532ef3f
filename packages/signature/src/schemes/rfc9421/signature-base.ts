import type { Request } from "../../message.ts";
import type { Rfc9421Signature } from "../../scheme.ts";

/** The names of what a signature covers, in order. */
export type Components = readonly string[];

/** Gives what a signature of ours covers: enough that no part that a receiver acts on can change. */
export function componentsOf(how: Rfc9421Signature, url: URL): Components {
  return ["@method", ...targetOf(how, url), "content-digest", "content-type", "webhook-id"];
}

function targetOf({ target = "target-uri" }: Rfc9421Signature, url: URL): Components {
  switch (target) {
    case "target-uri":
      return ["@target-uri"];
    case "authority-and-path":
      return url.search === "" ? ["@authority", "@path"] : ["@authority", "@path", "@query"];
  }
}

/**
 * Gives the bytes that are signed (RFC 9421, section 2.5), or why a component has no value. `field`
 * gives a header's value; `params` is the covered list with its parameters, in normal form.
 */
export function signatureBase(
  { components, params }: { readonly components: Components; readonly params: string },
  request: { readonly method: string; readonly url: URL },
  field: (name: string) => string | undefined,
): string | { readonly problem: string } {
  const lines: string[] = [];
  for (const component of components) {
    const value = component.startsWith("@") ? derived(component, request) : field(component);
    if (value === undefined) return { problem: `${component} is covered and has no value` };
    lines.push(`"${component}": ${value}`);
  }
  return [...lines, `"@signature-params": ${params}`].join("\n");
}

/** Gives a derived component (RFC 9421, section 2.2); undefined for one that we do not know. */
function derived(
  component: string,
  { method, url }: { readonly method: string; readonly url: URL },
): string | undefined {
  switch (component) {
    case "@method":
      return method;
    case "@target-uri":
      return url.href;
    case "@authority":
      return url.host;
    case "@path":
      return url.pathname;
    case "@query":
      return url.search === "" ? "?" : url.search;
    default:
      return undefined;
  }
}

/** Gives a request's URL as it is signed: without its fragment, which is never sent. */
export function signedUrl({ url }: Request): URL {
  const parsed = new URL(url);
  parsed.hash = "";
  return parsed;
}
