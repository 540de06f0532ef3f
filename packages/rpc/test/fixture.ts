import { Writable } from "node:stream";
import type { Interceptor } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { logger, type Metrics } from "@posthorn/runtime";
import {
  type Authority,
  ensureWorkspaceOf,
  newApiKey,
  type Principal,
  principalOf,
  type Routes,
  resolveWorkspaceOf,
  serverInterceptors,
  workspaceIdOf,
} from "../src/index.ts";

/** Keys that the fixture's authority knows. */
export const keys = {
  admin: newApiKey("admin_"),
  operator: newApiKey("demo_"),
  otherOperator: newApiKey("other_"),
  workspace: newApiKey("demo_"),
  reader: newApiKey("demo_"),
};

/** Shown by services of ours. */
export const serviceKey = "the-service-key";

const scopes = ["events:publish", "deliveries", "webhooks"];
const compat = "";
const acme = { level: "workspace", provider: "demo", workspaceId: "ws_acme", compat } as const;
const principals = new Map<string, Principal>([
  [keys.admin, { keyId: "key_admin", level: "admin", provider: "", scopes: [], compat }],
  [
    keys.operator,
    { keyId: "key_operator", level: "operator", provider: "demo", scopes: [], compat },
  ],
  [
    keys.otherOperator,
    { keyId: "key_other", level: "operator", provider: "other", scopes: [], compat },
  ],
  [keys.workspace, { keyId: "key_workspace", ...acme, scopes }],
  [keys.reader, { keyId: "key_reader", ...acme, scopes: ["deliveries:read"] }],
]);

/** An authority over these keys, with the workspaces `acme` and `globex` of `demo`. */
export function fixtureAuthority(): Authority {
  const workspaces = new Map([
    ["demo/acme", "ws_acme"],
    ["demo/ws_acme", "ws_acme"],
    ["demo/globex", "ws_globex"],
    ["demo/ws_globex", "ws_globex"],
  ]);
  return {
    checkKey: async (key) => principals.get(key),
    async resolveWorkspace({ provider, workspace, create }) {
      const name = `${provider}/${workspace}`;
      if (create && !workspaces.has(name)) workspaces.set(name, `ws_${workspace}`);
      return workspaces.get(name);
    },
  };
}

/** What the fixture's handlers saw. */
export interface Seen {
  /** The idempotency keys and webhooks of calls whose handlers saw their signal abort. */
  readonly aborted: Set<string>;
  /** The lines of the log. */
  readonly logLines: string[];
}

/** A server side: services whose answers depend on the event type or webhook that is asked for. */
export function fixture(options: { metrics?: Metrics; timeoutMs?: number } = {}): {
  routes: Routes;
  interceptors: Interceptor[];
  seen: Seen;
} {
  const seen: Seen = { aborted: new Set(), logLines: [] };
  const destination = new Writable({
    write(chunk, _encoding, done) {
      seen.logLines.push(String(chunk));
      done();
    },
  });
  const log = logger({ name: "fixture", level: "debug", destination });
  const authority = fixtureAuthority();
  const interceptors = serverInterceptors({ authority, serviceKey, log, ...options });
  return { routes: fixtureRoutes(seen), interceptors, seen };
}

/** What a refusal of the fixture says. */
export const refusal = new AppError("limited", "too many events", {
  fields: [{ field: "event.data", description: "is too deep", reason: "too_deep" }],
  retryAfterMs: 1_500,
});

function fixtureRoutes(seen: Seen): Routes {
  return (router) => {
    router.service(PublishService, {
      async publishEvent({ event }, context) {
        const { type = "", idempotencyKey = "", data = new Uint8Array() } = event ?? {};
        context.signal.addEventListener("abort", () => seen.aborted.add(idempotencyKey));
        if (type === "refuse") throw refusal;
        if (type === "defect") throw new Error("password is hunter2");
        if (type === "hang") await new Promise(() => {});
        context.responseHeader.set("x-seen", context.requestHeader.get("x-sent") ?? "");
        context.responseTrailer.set("x-method", context.method.name);
        context.responseHeader.set("x-has-deadline", String(context.timeoutMs() !== undefined));
        const orderingKey = `${principalOf(context).keyId} ${await ensureWorkspaceOf(context)}`;
        return { id: "evt_1", type, data, orderingKey };
      },
      async streamPublishEvents(requests, context) {
        let acceptedCount = 0n;
        for await (const { workspace, event } of requests) {
          await resolveWorkspaceOf(context, workspace);
          if (event?.type === "refuse") throw refusal;
          acceptedCount += 1n;
        }
        return { acceptedCount };
      },
    });
    router.service(DeliveryService, {
      async *watchAttempts({ webhook }, context) {
        context.signal.addEventListener("abort", () => seen.aborted.add(webhook));
        context.responseHeader.set("x-seen", context.requestHeader.get("x-sent") ?? "");
        yield { id: "att_1", delivery: workspaceIdOf(context) };
        yield { id: "att_2" };
        if (webhook === "refuse") throw refusal;
        if (webhook === "defect") throw new Error("password is hunter2");
        if (webhook === "hang") await new Promise(() => {});
        context.responseTrailer.set("x-method", context.method.name);
      },
    });
  };
}
