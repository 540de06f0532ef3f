import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, type Receiver, receiver } from "./receiver.ts";

let open: Receiver[];
beforeAll(() => {
  open = [];
});
afterAll(async () => {
  await Promise.all(open.map((one) => one.close()));
});

async function setup(...answers: readonly Answer[]): Promise<Receiver> {
  const started = await receiver(answers.length > 0 ? { answers } : {});
  open.push(started);
  return started;
}

const post = (url: string, body = "", signal?: AbortSignal) =>
  fetch(url, {
    method: "POST",
    body,
    redirect: "manual",
    ...(signal === undefined ? {} : { signal }),
  });

test("answers 200 by default and keeps what came", async () => {
  const { url, next } = await setup();
  expect((await post(`${url}?a=1`, "ünï")).status).toBe(200);
  const [received] = await next();
  expect(received).toMatchObject({ method: "POST", path: "/hook?a=1", body: Buffer.from("ünï") });
  expect(received?.headers["content-type"]).toBe("text/plain;charset=UTF-8");
});

test("gives its answers in turn and repeats the last", async () => {
  const { url } = await setup(500, { status: 302, headers: { location: "/x" }, body: "go" }, 204);
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) statuses.push((await post(url)).status);
  expect(statuses).toEqual([500, 302, 204, 204]);
});

test("next waits for further requests and gives each once", async () => {
  const { url, next } = await setup();
  const waiting = next(2);
  await post(url, "1");
  await post(url, "2");
  await post(url, "3");
  expect((await waiting).map(({ body }) => body.toString())).toEqual(["1", "2"]);
  expect((await next()).map(({ body }) => body.toString())).toEqual(["3"]);
  await expect(next(1, 20)).rejects.toThrow("got 0 further requests, not 1");
});

test("hang never answers, reset breaks, drip does not end", async () => {
  const { url, next } = await setup("reset", "drip", "hang");
  await expect(post(url)).rejects.toThrow();
  const stop = new AbortController();
  const dripping = await post(url, "", stop.signal);
  const reader = dripping.body?.getReader();
  expect((await reader?.read())?.value).toEqual(Uint8Array.of(46));
  expect((await reader?.read())?.value).toEqual(Uint8Array.of(46));
  const hanging = post(url, "", stop.signal);
  await next(3);
  stop.abort();
  await expect(hanging).rejects.toThrow("aborted");
});

test("a sender that breaks off within the body leaves no request", async () => {
  const { url, requests } = await setup();
  const sending = request(url, { method: "POST", headers: { "content-length": 10 } });
  const failed = new Promise((resolve) => sending.on("error", resolve));
  sending.write("123", () => sending.destroy());
  await failed;
  await post(url);
  expect(requests.map(({ body }) => body.toString())).toEqual([""]);
});
