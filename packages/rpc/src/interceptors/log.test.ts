import { Writable } from "node:stream";
import { logger, metrics } from "@posthorn/runtime";
import { describe, expect, test } from "vitest";
import { bearer, clients, outcomeOf } from "../../test/clients.ts";
import { fixtureAuthority, keys } from "../../test/fixture.ts";

function setup(options: { level?: string } = {}) {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const registry = metrics();
  const log = logger({ name: "test", level: "debug", destination, ...options });
  const down = () => Promise.reject(new Error("database password is hunter2"));
  const authority = { ...fixtureAuthority(), resolveWorkspace: down };
  return { ...clients({ log, metrics: registry, authority }), lines, registry };
}

describe("the log of calls", () => {
  test("names method, outcome, time, key and request id", async () => {
    const { providers, lines } = setup();
    const { headers } = bearer(keys.operator);
    await providers.getOwnProvider({}, { headers: { ...headers, "x-request-id": "r-7" } });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: "debug",
        requestId: "r-7",
        method: "posthorn.subscription.v1.ProviderService/GetOwnProvider",
        code: "ok",
        keyId: "key_operator",
        durationMs: expect.any(Number),
      },
    ]);
    expect(lines.join("")).not.toContain(keys.operator);
  });

  test("takes no request id that could be anything but one", async () => {
    const { providers, lines } = setup();
    const { headers } = bearer(keys.operator);
    await providers.getOwnProvider({}, { headers: { ...headers, "x-request-id": "a b" } });
    expect(lines.join("")).toMatch(/"requestId":"[0-9a-f-]{36}"/);
  });

  test("tells of defects as errors and of refusals only when debugging", async () => {
    const { providers, webhooks, lines } = setup({ level: "info" });
    expect(await outcomeOf(providers.listProviders({}, bearer(keys.operator)))).toBe("forbidden");
    const failing = webhooks.getWebhook({ workspace: "acme" }, bearer(keys.operator));
    expect(await outcomeOf(failing)).toMatch(/internal error \(request [0-9a-f-]{36}\)$/);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("database password is hunter2");
  });

  test("is counted by method and code", async () => {
    const { providers, registry } = setup();
    await providers.getOwnProvider({}, bearer(keys.operator));
    await outcomeOf(providers.listProviders({}, bearer(keys.operator)));
    const text = await registry.registry.metrics();
    const service = "posthorn.subscription.v1.ProviderService";
    const count = "posthorn_rpc_duration_seconds_count";
    expect(text).toContain(`${count}{method="${service}/GetOwnProvider",code="ok"} 1`);
    expect(text).toContain(
      `${count}{method="${service}/ListProviders",code="permission_denied"} 1`,
    );
  });
});
