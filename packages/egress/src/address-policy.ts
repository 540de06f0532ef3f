import { contains, parseAddress, parseCidr } from "./cidr.ts";
import { isPublic } from "./public-address.ts";

/** Which addresses may be dialled. */
export interface AddressPolicy {
  /** Why an address must not be dialled; undefined = it may. The text does not name the address. */
  problem(address: string, port: number): string | undefined;
  /** Whether the operator's configuration names the address, alone or by its range. */
  isAllowed(address: string): boolean;
}

/**
 * Decides by address: public ones and those in `allowCidrs` pass, and `refuse` beats both. An entry
 * of `refuse` is an address, a range, or an address with a port (`127.0.0.1:8420`, `[::1]:8420`);
 * it keeps Posthorn from calling itself. Throws a plain Error that names a malformed entry.
 */
export function addressPolicy(options: {
  allowCidrs: readonly string[];
  refuse: readonly string[];
}): AddressPolicy {
  const allowed = options.allowCidrs.map(parseCidr);
  const refused = options.refuse.map(parseRefused);
  return { problem, isAllowed };

  function problem(text: string, port: number): string | undefined {
    const address = parseAddress(text);
    if (address === undefined) return "address is malformed";
    const isRefused = refused.some(
      (entry) => (entry.port ?? port) === port && contains(entry.cidr, address),
    );
    if (isRefused) return "address is one of our own";
    return isPublic(address) || isAllowed(text) ? undefined : "address is not public";
  }

  function isAllowed(text: string): boolean {
    const address = parseAddress(text);
    return address !== undefined && allowed.some((cidr) => contains(cidr, address));
  }
}

function parseRefused(text: string) {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text) ?? [];
  if (port === undefined) return { cidr: parseCidr(text), port: undefined };
  return { cidr: parseCidr(v6 ?? v4 ?? ""), port: Number(port) };
}
