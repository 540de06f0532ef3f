import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nameServer } from "../test/name-server.ts";
import { boundedResolve, systemResolver } from "./resolve.ts";

describe("name servers", () => {
  let server: Awaited<ReturnType<typeof nameServer>>;
  let resolver: ReturnType<typeof systemResolver>;

  beforeAll(async () => {
    server = await nameServer({
      "a.example": { a: "127.0.0.1" },
      "alias.example": { alias: "target.example", a: "10.0.0.5" },
      "none.example": {},
      "broken.example": { errorCode: 2 },
      "silent.example": "silent",
    });
    resolver = systemResolver([server.address]);
  });
  afterAll(async () => {
    resolver.close();
    await server.close();
  });

  const bounded = (timeoutMs: number) =>
    boundedResolve({ resolve: resolver.resolve, timeoutMs, negativeMs: 0, now: () => 0 });

  test("are asked for A and AAAA", async () => {
    expect(await resolver.resolve("a.example")).toEqual(["127.0.0.1"]);
    expect(server.questions).toEqual(expect.arrayContaining(["a.example 1", "a.example 28"]));
  });

  test("lead through an alias to an address, which the caller vets", async () => {
    expect(await resolver.resolve("alias.example")).toEqual(["10.0.0.5"]);
  });

  test.each([
    ["that know no such name", "nowhere.example", "dns_not_found"],
    ["that know no address of it", "none.example", "dns_not_found"],
    ["that fail", "broken.example", "dns_failed"],
    ["that stay silent", "silent.example", "dns_timeout"],
  ])("%s give a failure of their own", async (_name, hostname, failure) => {
    await expect(bounded(300)(hostname)).rejects.toMatchObject({ failure });
  });
});

describe("bounds", () => {
  function setup() {
    const asked: string[] = [];
    const clock = { nowMs: 0 };
    const answers = new Map<string, Promise<readonly string[]>>();
    const resolve = boundedResolve({
      resolve(hostname) {
        asked.push(hostname);
        return answers.get(hostname) ?? Promise.reject(notFound());
      },
      timeoutMs: 50,
      negativeMs: 4_000,
      now: () => clock.nowMs,
    });
    return { asked, clock, answers, resolve };
  }

  function notFound() {
    return Object.assign(new Error("no"), { code: "ENOTFOUND" });
  }

  test("a name is asked once at a time", async () => {
    const { asked, answers, resolve } = setup();
    answers.set("a.example", Promise.resolve(["1.1.1.1"]));
    const both = await Promise.all([resolve("a.example"), resolve("a.example")]);
    expect(both).toEqual([["1.1.1.1"], ["1.1.1.1"]]);
    expect(asked).toEqual(["a.example"]);
  });

  test("an answer is not remembered", async () => {
    const { asked, answers, resolve } = setup();
    answers.set("a.example", Promise.resolve(["1.1.1.1"]));
    await resolve("a.example");
    await resolve("a.example");
    expect(asked).toHaveLength(2);
  });

  test("a failure is remembered for as long as was said", async () => {
    const { asked, clock, resolve } = setup();
    await expect(resolve("a.example")).rejects.toMatchObject({ failure: "dns_not_found" });
    clock.nowMs = 3_999;
    await expect(resolve("a.example")).rejects.toMatchObject({ failure: "dns_not_found" });
    expect(asked).toHaveLength(1);
    clock.nowMs = 4_000;
    await expect(resolve("a.example")).rejects.toMatchObject({ failure: "dns_not_found" });
    expect(asked).toHaveLength(2);
  });

  test("a thousand failures are remembered, not more", async () => {
    const { asked, resolve } = setup();
    for (let index = 0; index <= 1_000; index++) {
      await expect(resolve(`${index}.example`)).rejects.toThrow();
    }
    await expect(resolve("0.example")).rejects.toThrow();
    await expect(resolve("1000.example")).rejects.toThrow();
    expect(asked).toHaveLength(1_002);
  });

  test("a silent resolver is not waited for", async () => {
    const { answers, resolve } = setup();
    answers.set("a.example", new Promise(() => {}));
    await expect(resolve("a.example")).rejects.toMatchObject({ failure: "dns_timeout" });
  });

  test("an answer without addresses is no answer", async () => {
    const { answers, resolve } = setup();
    answers.set("a.example", Promise.resolve([]));
    await expect(resolve("a.example")).rejects.toMatchObject({ failure: "dns_not_found" });
  });
});
