import { hash } from "node:crypto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Transport } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import {
  type CheckKeyResponse,
  SubscriptionSyncService,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { hashKey } from "./api-key.ts";
import type { Authority } from "./authority.ts";
import { appClient } from "./client.ts";
import { confirmedCache } from "./confirmed-cache.ts";
import { levelName } from "./level.ts";
import type { Principal } from "./principal.ts";

/** Whom to ask. */
export interface RemoteAuthorityOptions {
  /** Reaches the subscription service, with the service key. */
  readonly transport: Transport;
  /** Milliseconds since 1970; default Date.now. */
  readonly now?: () => number;
}

/** A key is revoked everywhere within this time. */
const freshMs = 5_000;
/** While the subscription service is down, what is known is good for this long. */
const goodMs = 60_000;
const pauseMs = 1_000;
const entryCountMax = 10_000;
const call = { timeoutMs: 3_000 };

interface KnownKey {
  readonly principal: Principal;
  readonly expiresAtMs: number | undefined;
}

/**
 * Asks the subscription service, and keeps what it said for 5 s, or 60 s while it cannot be
 * reached; what is not known then is `unavailable`.
 */
export function remoteAuthority({ transport, now = Date.now }: RemoteAuthorityOptions): Authority {
  const client = appClient(SubscriptionSyncService, transport);
  const times = { freshMs, goodMs, pauseMs, entryCountMax, now };
  const expiresAtMs = (known: KnownKey) => known.expiresAtMs;
  const keys = confirmedCache<KnownKey>({ ...times, expiresAtMs });
  const workspaces = confirmedCache<string>(times);
  return {
    async checkKey(key) {
      // As text, which takes a fifth of the time that bytes take.
      const known = await keys(hash("sha256", key, "base64"), () =>
        ifFound(async () => toKnownKey(await client.checkKey({ keySha256: hashKey(key) }, call))),
      );
      return known?.principal;
    },
    async resolveWorkspace({ provider, workspace, create }) {
      const request = { provider, workspace, createIfMissing: create };
      return await workspaces(`${provider}/${workspace}/${create}`, () =>
        ifFound(async () => (await client.resolveWorkspace(request, call)).workspaceId),
      );
    },
  };
}

/** Gives the answer, or undefined for `not_found`. What the caller cannot help is not theirs. */
async function ifFound<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    switch (cause.reason) {
      case "not_found":
        return undefined;
      case "unavailable":
      case "deadline":
        throw new AppError("unavailable", "keys cannot be checked at the moment", { cause });
      case "unauthenticated":
      case "forbidden":
        throw new Error("the subscription service refuses our service key", { cause });
      default:
        throw cause;
    }
  }
}

function toKnownKey(response: CheckKeyResponse): KnownKey {
  const level = levelName(response.level);
  if (level === undefined) throw new Error(`key ${response.keyId} has no level`);
  const { keyId, provider, workspaceId, scopes, expireTime, compat } = response;
  const tenant = workspaceId === "" ? {} : { workspaceId };
  return {
    principal: { keyId, level, provider, scopes: [...scopes], compat, ...tenant },
    expiresAtMs: expireTime && timestampMs(expireTime),
  };
}
