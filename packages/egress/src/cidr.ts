import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** An address that was parsed strictly. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A range of addresses. */
export interface Cidr {
  readonly base: Address;
  readonly bits: number;
}

/** Parses an address in its usual form; undefined = it is none, or has a zone. */
export function parseAddress(text: string): Address | undefined {
  // ipaddr.js also reads octal, hex and short forms, hence the strict check before it.
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  return ipaddr.parse(text);
}

/** Parses `10.0.0.0/8`, or one address. Throws a plain Error that names the text. */
export function parseCidr(text: string): Cidr {
  const [address = "", bits, ...more] = text.split("/");
  const base = parseAddress(address);
  const bitsMax = base?.kind() === "ipv4" ? 32 : 128;
  const count = bits === undefined ? bitsMax : Number(bits);
  const isCount = bits === undefined || (/^[0-9]{1,3}$/.test(bits) && count <= bitsMax);
  if (base === undefined || !isCount || more.length > 0) {
    throw new Error(`not an address range: ${text}`);
  }
  return { base, bits: count };
}

/** Whether an address lies in a range; never across the two families. */
export function contains(cidr: Cidr, address: Address): boolean {
  return cidr.base.kind() === address.kind() && address.match(cidr.base, cidr.bits);
}
