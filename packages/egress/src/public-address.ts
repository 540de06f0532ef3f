import ipaddr from "ipaddr.js";
import { type Address, contains, parseCidr } from "./cidr.ts";

/**
 * IPv4 ranges that are not the public internet
 * (https://www.iana.org/assignments/iana-ipv4-special-registry), and one public address that inside
 * Azure answers with the machine's secrets.
 */
const refusedV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
].map(parseCidr);

/** All of IPv6 that is given out for global unicast; everything else is refused unseen. */
const globalV6 = parseCidr("2000::/3");

/**
 * What is not public inside it (https://www.iana.org/assignments/iana-ipv6-special-registry): IANA's
 * protocols with Teredo and ORCHID, documentation, 6to4, AS112.
 */
const refusedV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"].map(
  parseCidr,
);

/** The well-known NAT64 prefix (RFC 6052): its last 32 bits are an IPv4 address. */
const nat64 = parseCidr("64:ff9b::/96");

/** Whether an address belongs to the public internet and to nothing else. */
export function isPublic(address: Address): boolean {
  if (address.kind() === "ipv4") return !refusedV4.some((range) => contains(range, address));
  if (contains(nat64, address)) return isPublic(embeddedV4(address));
  return contains(globalV6, address) && !refusedV6.some((range) => contains(range, address));
}

function embeddedV4(address: Address): Address {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}
