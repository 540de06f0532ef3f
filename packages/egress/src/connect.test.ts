import { expect, test, vi } from "vitest";
import { nameServer } from "../test/name-server.ts";
import { answerOf, rawReceiver } from "../test/raw-receiver.ts";
import { certificate, expiredCertificate, localPolicy, receiver, sender } from "../test/setup.ts";
import { addressPolicy } from "./address-policy.ts";
import { connections } from "./egress.ts";
import { tlsContext } from "./secure.ts";

const tls = { tls: certificate };
const ca = [certificate.cert];
const ok = () => receiver((socket) => socket.write(answerOf(200, "ok")), tls);
const refused = { outcome: "REFUSED_ADDRESS", failure: "address_refused", remoteAddress: "" };

test.each([
  ["C01: a private A", ["10.0.0.5"]],
  ["C02: a loopback AAAA", ["::1"]],
  ["C06: a public name for loopback", ["127.0.0.2"]],
  ["C06: a public name for metadata", ["169.254.169.254"]],
  ["several, all of them private", ["10.0.0.5", "fd00::1", "::ffff:1.1.1.1"]],
  ["something that is no address", ["example.com"]],
])("%s is refused", async (_name, addresses) => {
  const { post } = sender({ resolve: async () => addresses });
  const result = await post("https://receiver.example/");
  expect(result).toMatchObject(refused);
  for (const address of addresses) expect(result.error).not.toContain(address);
});

test("C05: each connection checks anew", async () => {
  const answers = [["127.0.0.1"], ["127.0.0.2"]];
  const { post } = sender({ ca, resolve: async () => answers.shift() ?? [] });
  const target = await receiver((socket) => {
    socket.end(answerOf(200, "ok", ["connection: close"]));
  }, tls);
  const url = `https://receiver.example:${target.port}/`;
  expect(await post(url)).toMatchObject({ outcome: "SUCCEEDED" });
  expect(await post(url)).toMatchObject(refused);
  expect(target.connectionCount).toBe(1);
});

test("C07: an alias into a private zone is refused", async () => {
  const names = await nameServer({ "receiver.example": { alias: "db.corp", a: "10.0.0.5" } });
  const { post } = sender({ nameServers: [names.address] });
  expect(await post("https://receiver.example/")).toMatchObject(refused);
  await names.close();
});

test("C08: our own address is refused even where its range is allowed", async () => {
  const target = await ok();
  const { post } = sender({
    ca,
    refuseAddresses: [`127.0.0.1:${target.port}`],
    resolve: async () => ["127.0.0.1"],
  });
  expect(await post(`https://receiver.example:${target.port}/`)).toMatchObject(refused);
  expect(await post(target.url)).toMatchObject({ failure: "url_refused" });
  expect(target.connectionCount).toBe(0);
});

test.each([
  ["one is refused by policy", ["10.0.0.5", "127.0.0.1"]],
  ["one does not answer", ["::1", "127.0.0.1"]],
])("C09: of several addresses a vetted one is dialled when %s", async (_name, addresses) => {
  const target = await ok();
  const policy = { allowCidrs: ["127.0.0.1/32", "::1/128"], allowHttp: false };
  const { post } = sender({ ca, policy, resolve: async () => addresses });
  const result = await post(`https://receiver.example:${target.port}/`);
  expect(result).toMatchObject({ outcome: "SUCCEEDED", remoteAddress: "127.0.0.1" });
});

test.each(["http://10.0.0.1", "https://10.0.0.1", "http://[::1]", "https://[64:ff9b::a00:1]"])(
  "C10: %s handed straight to the agent is refused",
  async (origin) => {
    const agent = connections(
      {
        addresses: addressPolicy({ allowCidrs: [], refuse: [] }),
        resolve: () => Promise.reject(new Error("asked")),
        context: tlsContext([]),
        connectTimeoutMs: 1_000,
        now: () => 0,
      },
      1,
    );
    const answer = agent.request({ origin, path: "/", method: "POST" });
    await expect(answer).rejects.toMatchObject({ failure: "address_refused" });
    await agent.close();
  },
);

test("C11: a proxy in the environment is ignored", async () => {
  const proxy = await receiver((socket) => socket.end());
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"]) {
    vi.stubEnv(name, `http://127.0.0.1:${proxy.port}`);
  }
  vi.stubEnv("NODE_USE_ENV_PROXY", "1");
  const target = await receiver((socket) => socket.write(answerOf(200, "ok")));
  const { post } = sender();
  expect(await post(target.url)).toMatchObject({ outcome: "SUCCEEDED" });
  expect(proxy.connectionCount).toBe(0);
  vi.unstubAllEnvs();
});

test.each([
  ["no such name", "nowhere.example", "dns_not_found"],
  ["a failing name server", "broken.example", "dns_failed"],
  ["a silent one", "silent.example", "dns_timeout"],
])("C12: %s is a DNS error", async (_name, hostname, failure) => {
  const names = await nameServer({
    "broken.example": { errorCode: 2 },
    "silent.example": "silent",
  });
  const { post } = sender({ nameServers: [names.address], dnsTimeoutMs: 200 });
  const url = `https://${hostname}/`;
  expect(await post(url)).toMatchObject({ outcome: "DNS_ERROR", failure, remoteAddress: "" });
  const askedCount = names.questions.length;
  expect(await post(url)).toMatchObject({ outcome: "DNS_ERROR", failure });
  expect(names.questions).toHaveLength(askedCount);
  await names.close();
});

test("a URL that the policy refuses is never tried", async () => {
  const { post } = sender({ policy: { ...localPolicy, allowHttp: false } });
  const target = await receiver((socket) => socket.write(answerOf(200, "ok")));
  const result = await post(target.url);
  expect(result).toMatchObject({
    outcome: "REFUSED_ADDRESS",
    failure: "url_refused",
    durationMs: 0,
  });
  expect(result.error).toBe("url must start with https://");
  expect(target.connectionCount).toBe(0);
});

test("a port where nobody listens is a connect error", async () => {
  const gone = await rawReceiver(() => {});
  await gone.close();
  const { post } = sender();
  const result = await post(gone.url);
  expect(result).toMatchObject({ outcome: "CONNECT_ERROR", failure: "connect_failed" });
  expect(result.error).toBe("cannot connect: ECONNREFUSED");
});

test("the steps of a new connection are timed, in order, and an open one has none", async () => {
  const target = await ok();
  const { post } = sender({ ca, resolve: async () => ["127.0.0.1"] });
  const url = `https://receiver.example:${target.port}/`;
  const { timings, durationMs } = await post(url);
  const { dnsMs = -1, connectMs = -1, tlsMs = -1, firstByteMs = -1 } = timings;
  const steps = [0, dnsMs, connectMs, tlsMs, firstByteMs, durationMs];
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  const again = await post(url);
  expect(again.timings).toEqual({ firstByteMs: expect.any(Number) });
  expect(again.remoteAddress).toBe("127.0.0.1");
  expect(target.connectionCount).toBe(1);
});

test.each([
  ["a certificate of nobody we trust", certificate, [], "127.0.0.1", /self-signed/],
  ["an expired certificate", expiredCertificate, [expiredCertificate.cert], "127.0.0.1", /expired/],
  ["a certificate for another name", certificate, ca, "other.example", /altnames/],
])("%s is a TLS error", async (_name, tlsOptions, trusted, hostname, text) => {
  const target = await receiver((s) => s.write(answerOf(200, "")), { tls: tlsOptions });
  const { post } = sender({ ca: trusted, resolve: async () => ["127.0.0.1"] });
  const result = await post(`https://${hostname}:${target.port}/`);
  expect(result).toMatchObject({ outcome: "TLS_ERROR", failure: "tls_failed", statusCode: 0 });
  expect(result.error).toMatch(text);
  expect(result.timings.connectMs).toBeGreaterThanOrEqual(0);
  expect(target.requests).toEqual([]);
});

test("plain http behind https is a TLS error", async () => {
  const target = await receiver((socket) => socket.end(answerOf(400, "")));
  const result = await sender().post(`https://127.0.0.1:${target.port}/`);
  expect(result).toMatchObject({ outcome: "TLS_ERROR", failure: "tls_failed" });
});

test("TLS 1.1 is not spoken", async () => {
  const old = { ...certificate, minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;
  const target = await receiver((socket) => socket.end(), { tls: old });
  const result = await sender({ ca }).post(target.url);
  expect(result).toMatchObject({ outcome: "TLS_ERROR" });
});

test("a handshake that is never answered ends with the connect time-out", async () => {
  const target = await receiver(() => {});
  const { post } = sender({ connectTimeoutMs: 100 });
  const result = await post(`https://127.0.0.1:${target.port}/`);
  expect(result).toMatchObject({ outcome: "TIMEOUT", failure: "tls_timeout" });
  expect(result.error).toBe("no TLS handshake within 100 ms");
});

test("the whole exchange's time-out counts while connecting too, and ends the connecting", async () => {
  const target = await receiver(() => {});
  const result = await sender().post(`https://127.0.0.1:${target.port}/`, { timeoutMs: 100 });
  await target.lastClosed();
  expect(result).toMatchObject({ outcome: "TIMEOUT", failure: "deadline", timings: {} });
  expect(result.error).toBe("no full answer within 100 ms; the connection was in tls");
});

test("and while a name server is silent", async () => {
  const { post } = sender({ resolve: () => new Promise(() => {}), dnsTimeoutMs: 1_000 });
  const result = await post("https://receiver.example/", { timeoutMs: 100 });
  expect(result).toMatchObject({ outcome: "TIMEOUT", failure: "deadline", remoteAddress: "" });
  expect(result.error).toBe("no full answer within 100 ms; the connection was in dns");
});
