import { spawnSync } from "node:child_process";
import { describe, expect, onTestFinished, test } from "vitest";
import { nameServer } from "../test/name-server.ts";
import { isOutOfSockets, isOwnFault } from "./own-fault.ts";
import { boundedResolve, systemResolver } from "./resolve.ts";

const withCode = (code: string) => Object.assign(new Error(code), { code });

test.each([
  ["EMFILE", true],
  ["ENFILE", true],
  ["EADDRNOTAVAIL", true],
  ["ECONNREFUSED", false],
  ["EHOSTUNREACH", false],
  ["ETIMEDOUT", false],
])("%s is a fault of this machine: %s", (code, expected) => {
  expect(isOutOfSockets(withCode(code))).toBe(expected);
});

describe("a machine without file handles", () => {
  test("says so, and blames no receiver", () => {
    const script = `
      import { openSync } from "node:fs";
      import { egress } from ${JSON.stringify(new URL("./egress.ts", import.meta.url).href)};
      const { send } = egress({ policy: { allowCidrs: ["127.0.0.1/32"], allowHttp: true } });
      try { for (;;) openSync("/dev/null"); } catch {}
      const request = { headers: {}, body: Buffer.from("{}"), timeoutMs: 5000 };
      const { outcome, failure } = await send({ ...request, url: "http://127.0.0.1:8099/" });
      console.log(outcome, failure);
      process.exit(0);`;
    const limited = 'ulimit -n 128; exec "$0" "$@"';
    const args = ["--conditions=source", "--input-type=module", "-e", script];
    const ran = spawnSync("sh", ["-c", limited, process.execPath, ...args], { encoding: "utf8" });
    expect(ran.stdout.trim()).toBe("CONNECT_ERROR no_socket");
  });
});

describe("name servers", () => {
  const bounded = (address: string) => {
    const { resolve, close } = systemResolver([address]);
    onTestFinished(close);
    return boundedResolve({ resolve, timeoutMs: 500, negativeMs: 0, now: () => performance.now() });
  };

  test("that answer for nobody are a fault of ours", async () => {
    const names = await nameServer({ "well.example": { a: "127.0.0.1" } });
    const resolve = bounded(names.address);
    await resolve("well.example");
    await names.close();
    await expect(resolve("other.example")).rejects.toMatchObject({ failure: "no_name_server" });
    // There is no other name to ask.
    const { failure } = await resolve("well.example").catch((error) => error);
    expect(["dns_failed", "dns_timeout"]).toContain(failure);
  });

  test.each([
    ["silent.example", "dns_timeout"],
    ["broken.example", "dns_failed"],
    ["absent.example", "dns_not_found"],
  ])("that fail for %s alone say %s", async (hostname, failure) => {
    const names = await nameServer({
      "well.example": { a: "127.0.0.1" },
      "silent.example": "silent",
      "broken.example": { errorCode: 2 },
    });
    const resolve = bounded(names.address);
    await resolve("well.example");
    await expect(resolve(hostname)).rejects.toMatchObject({ failure });
    await names.close();
  });
});

test.each([
  ["no_socket", true],
  ["no_name_server", true],
  ["dns_timeout", false],
  ["connect_failed", false],
] as const)("%s is our own fault: %s", (failure, expected) => {
  expect(isOwnFault({ failure })).toBe(expected);
});
