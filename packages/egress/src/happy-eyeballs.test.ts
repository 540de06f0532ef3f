import { expect, test } from "vitest";
import { receiver } from "../test/setup.ts";
import { dialFirst } from "./happy-eyeballs.ts";

const { signal } = new AbortController();
const timeoutMs = 2_000;

test("goes on to the next address at once when one refuses", async () => {
  const { port } = await receiver(() => {});
  const startedAtMs = performance.now();
  const addresses = ["127.0.0.2", "127.0.0.3", "::1", "127.0.0.1"];
  const { socket, address } = await dialFirst({ addresses, port, timeoutMs, signal });
  expect(address).toBe("127.0.0.1");
  expect(socket.remoteAddress).toBe("127.0.0.1");
  expect(performance.now() - startedAtMs).toBeLessThan(timeoutMs);
  socket.destroy();
});

test("takes the first that answers and dials no other after it", async () => {
  const target = await receiver(() => {});
  const addresses = ["127.0.0.1", "127.0.0.1", "127.0.0.1"];
  const { socket } = await dialFirst({ addresses, port: target.port, timeoutMs, signal });
  expect(target.connectionCount).toBe(1);
  socket.destroy();
});

test("names the last reason when all refuse", async () => {
  const target = await receiver(() => {});
  const { port } = target;
  await target.close();
  const dialled = dialFirst({ addresses: ["127.0.0.1"], port, timeoutMs, signal });
  await expect(dialled).rejects.toMatchObject({
    failure: "connect_failed",
    message: "cannot connect: ECONNREFUSED",
  });
});

test("tries at most eight addresses", async () => {
  const { port } = await receiver(() => {});
  const closed = Array.from({ length: 8 }, (_, index) => `127.0.0.${index + 2}`);
  const addresses = [...closed, "127.0.0.1"];
  await expect(dialFirst({ addresses, port, timeoutMs, signal })).rejects.toMatchObject({
    failure: "connect_failed",
  });
});

test("stops when it is told to, even before it begins", async () => {
  const { port } = await receiver(() => {});
  const stopped = AbortSignal.abort();
  const dialled = dialFirst({ addresses: ["127.0.0.1"], port, timeoutMs, signal: stopped });
  await expect(dialled).rejects.toThrow("given up");
});
