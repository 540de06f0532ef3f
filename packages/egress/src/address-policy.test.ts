import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressPolicy } from "./address-policy.ts";

const strict = addressPolicy({ allowCidrs: [], refuse: [] });

test.each([
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.255.255",
  "172.32.0.1",
  "192.0.1.1",
  "223.255.255.255",
  "168.63.129.15",
  "2606:4700:4700::1111",
  "2001:200::1",
  "2001:4860:4860::8888",
  "64:ff9b::808:808",
])("%s may be dialled", (address) => {
  expect(strict.problem(address, 443)).toBeUndefined();
});

test.each([
  ["this network", "0.0.0.0"],
  ["private", "10.0.0.1"],
  ["private", "172.16.0.1"],
  ["private", "172.31.255.255"],
  ["private", "192.168.255.255"],
  ["carrier NAT", "100.64.0.0"],
  ["carrier NAT", "100.127.255.255"],
  ["loopback", "127.0.0.1"],
  ["loopback", "127.255.255.254"],
  ["link-local", "169.254.169.254"],
  ["Azure's wire server", "168.63.129.16"],
  ["protocol assignments", "192.0.0.192"],
  ["documentation", "192.0.2.1"],
  ["documentation", "198.51.100.1"],
  ["documentation", "203.0.113.1"],
  ["benchmarks", "198.18.0.1"],
  ["benchmarks", "198.19.255.255"],
  ["6to4 relays", "192.88.99.1"],
  ["multicast", "224.0.0.1"],
  ["reserved", "240.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["unspecified", "::"],
  ["loopback", "::1"],
  ["IPv4-compatible", "::7f00:1"],
  ["IPv4-mapped", "::ffff:127.0.0.1"],
  ["IPv4-mapped, public inside", "::ffff:8.8.8.8"],
  ["IPv4-translated", "::ffff:0:808:808"],
  ["NAT64 around private", "64:ff9b::10.0.0.1"],
  ["NAT64 around metadata", "64:ff9b::a9fe:a9fe"],
  ["NAT64 around Azure's wire server", "64:ff9b::168.63.129.16"],
  ["local NAT64", "64:ff9b:1::808:808"],
  ["discard-only", "100::1"],
  ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  ["benchmarks", "2001:2::1"],
  ["ORCHID", "2001:20::1"],
  ["documentation", "2001:db8::1"],
  ["documentation", "3fff::1"],
  ["6to4 around private", "2002:a00:1::1"],
  ["6to4 around public", "2002:808:808::1"],
  ["segment routing", "5f00::1"],
  ["unique local", "fd00:ec2::254"],
  ["link-local", "fe80::1"],
  ["site-local", "fec0::1"],
  ["multicast", "ff02::1"],
])("%s is refused: %s", (_name, address) => {
  expect(strict.problem(address, 443)).toBe("address is not public");
});

test.each(["", "example.com", "127.1", "0x7f000001", "0177.0.0.1", "fe80::1%eth0", "1.1.1.1/32"])(
  "%j is no address",
  (text) => {
    expect(strict.problem(text, 443)).toBe("address is malformed");
  },
);

test("everything in 2000::/3 but the special ranges passes, everything outside is refused", () => {
  const parts = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 });
  const address = (first: number, rest: readonly number[]) =>
    [first, ...rest].map((part) => part.toString(16)).join(":");
  fc.assert(
    fc.property(fc.integer({ min: 0x2003, max: 0x261f }), parts, (first, rest) => {
      expect(strict.problem(address(first, rest), 443)).toBeUndefined();
    }),
  );
  const outside = fc.oneof(
    fc.integer({ min: 0x65, max: 0x1fff }),
    fc.integer({ min: 0x4000, max: 0xffff }),
  );
  fc.assert(
    fc.property(outside, parts, (first, rest) => {
      expect(strict.problem(address(first, rest), 443)).toBe("address is not public");
    }),
  );
});

describe("the operator", () => {
  const policy = addressPolicy({
    allowCidrs: ["127.0.0.1/32", "10.1.0.0/16", "fd00::/8", "192.168.1.1"],
    refuse: ["203.0.112.7", "10.1.9.0/24", "127.0.0.1:8420", "[fd00::1]:8420"],
  });

  test.each(["127.0.0.1", "10.1.255.255", "fd12::1", "192.168.1.1"])("allows %s", (address) => {
    expect(policy.problem(address, 443)).toBeUndefined();
    expect(policy.isAllowed(address)).toBe(true);
  });

  test.each(["127.0.0.2", "10.2.0.0", "::ffff:127.0.0.1", "::ffff:10.1.0.1", "64:ff9b::10.1.0.1"])(
    "does not allow %s",
    (address) => {
      expect(policy.problem(address, 443)).toBe("address is not public");
    },
  );

  test.each([
    ["203.0.112.7", 443],
    ["10.1.9.9", 443],
    ["127.0.0.1", 8420],
    ["fd00::1", 8420],
  ])("keeps us from calling ourselves at %s port %d", (address, port) => {
    expect(policy.problem(address, port)).toBe("address is one of our own");
  });

  test.each(["", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "10.1/16", "::/129"])(
    "cannot write %j as a range",
    (text) => {
      expect(() => addressPolicy({ allowCidrs: [text], refuse: [] })).toThrow(
        `not an address range: ${text}`,
      );
    },
  );
});
