import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { AppError } from "@posthorn/errors";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { Level } from "@posthorn/proto/posthorn/type/v1/options";
import { logger } from "@posthorn/runtime";
import { describe, expect, test } from "vitest";
import { fixtureAuthority, serviceKey } from "../test/fixture.ts";
import {
  hashKey,
  localTransport,
  newApiKey,
  remoteAuthority,
  remoteTransport,
  serverInterceptors,
  withServiceKey,
} from "./index.ts";

const key = newApiKey("demo_");
const known = Buffer.from(hashKey(key)).toString("hex");

/** An authority over a subscription service that knows one key and one workspace. */
function setup(options: { shownKey?: string; expiresAtMs?: number } = {}) {
  const state = { isDown: false, nowMs: 1_000_000, askedCount: 0 };
  const answer = () => {
    state.askedCount += 1;
    if (state.isDown) throw new AppError("unavailable", "database is away at 10.0.0.3");
  };
  const interceptors = serverInterceptors({
    authority: fixtureAuthority(),
    serviceKey,
    log: logger({ name: "test", level: "silent" }),
  });
  const transport = localTransport(
    (router) =>
      router.service(SubscriptionSyncService, {
        checkKey({ keySha256 }) {
          answer();
          if (Buffer.from(keySha256).toString("hex") !== known) {
            throw new AppError("not_found", "no such key");
          }
          const expireTime = options.expiresAtMs && timestampFromMs(options.expiresAtMs);
          return {
            keyId: "key_1",
            level: Level.WORKSPACE,
            provider: "demo",
            workspaceId: "ws_acme",
            scopes: ["webhooks"],
            compat: "up42",
            ...(expireTime ? { expireTime } : {}),
          };
        },
        resolveWorkspace({ provider, workspace, createIfMissing }) {
          answer();
          if (provider === "demo" && (workspace === "acme" || createIfMissing)) {
            return { workspaceId: `ws_${workspace}` };
          }
          throw new AppError("not_found", "no such workspace");
        },
      }),
    { interceptors },
  );
  const authority = remoteAuthority({
    transport: withServiceKey(transport, options.shownKey ?? serviceKey),
    now: () => state.nowMs,
  });
  return { authority, state };
}

describe("remoteAuthority", () => {
  test("tells whom a key belongs to", async () => {
    const { authority } = setup();
    expect(await authority.checkKey(key)).toEqual({
      keyId: "key_1",
      level: "workspace",
      provider: "demo",
      workspaceId: "ws_acme",
      scopes: ["webhooks"],
      compat: "up42",
    });
    expect(await authority.checkKey(newApiKey("demo_"))).toBeUndefined();
  });

  test("finds workspaces, and creates them only when asked to", async () => {
    const { authority } = setup();
    const query = { provider: "demo", workspace: "new", create: false };
    expect(await authority.resolveWorkspace({ ...query, workspace: "acme" })).toBe("ws_acme");
    const [missing, created] = await Promise.all([
      authority.resolveWorkspace(query),
      authority.resolveWorkspace({ ...query, create: true }),
    ]);
    expect([missing, created]).toEqual([undefined, "ws_new"]);
    const foreign = { ...query, provider: "other", workspace: "acme" };
    expect(await authority.resolveWorkspace(foreign)).toBeUndefined();
  });

  test("asks again after 5 s", async () => {
    const { authority, state } = setup();
    await authority.checkKey(key);
    state.nowMs += 4_999;
    await authority.checkKey(key);
    expect(state.askedCount).toBe(1);
    state.nowMs += 1;
    await authority.checkKey(key);
    expect(state.askedCount).toBe(2);
  });

  test("keeps known keys good for 60 s while the service is down, and no others", async () => {
    const { authority, state } = setup();
    await authority.checkKey(key);
    state.isDown = true;
    state.nowMs += 59_000;
    expect(await authority.checkKey(key)).toMatchObject({ keyId: "key_1" });
    await expect(authority.checkKey(newApiKey("demo_"))).rejects.toMatchObject({
      reason: "unavailable",
      message: "keys cannot be checked at the moment",
    });
    state.nowMs += 1_000;
    await expect(authority.checkKey(key)).rejects.toMatchObject({ reason: "unavailable" });
  });

  test("uses no key beyond its end, also while the service is down", async () => {
    const { authority, state } = setup({ expiresAtMs: 1_000_100 });
    expect(await authority.checkKey(key)).toMatchObject({ keyId: "key_1" });
    state.isDown = true;
    state.nowMs = 1_000_100;
    await expect(authority.checkKey(key)).rejects.toMatchObject({ reason: "unavailable" });
  });

  test("says that keys cannot be checked when nobody listens, and where is not told", async () => {
    const transport = remoteTransport({ url: "http://127.0.0.1:1" });
    const authority = remoteAuthority({ transport: withServiceKey(transport, serviceKey) });
    const error = await authority.checkKey(key).catch((thrown: unknown) => thrown);
    transport.close();
    expect(error).toMatchObject({ reason: "unavailable" });
    expect(error instanceof AppError && error.message).not.toContain("127.0.0.1");
  });

  test("takes a wrong service key for a defect of ours, not of the caller", async () => {
    const { authority } = setup({ shownKey: "wrong" });
    await expect(authority.checkKey(key)).rejects.not.toBeInstanceOf(AppError);
    await expect(authority.checkKey(key)).rejects.toThrow("refuses our service key");
  });
});
