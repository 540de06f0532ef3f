import assert from "node:assert/strict";
import { create, createFileRegistry, type DescMethodUnary } from "@bufbuild/protobuf";
import {
  EmptySchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_empty,
} from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { HookService } from "@posthorn/proto/posthorn/compat/tracktile/v1/hook_service";
import { logger } from "@posthorn/runtime";
import { describe, expect, test } from "vitest";
import { bearer, clients, outcomeOf } from "../../test/clients.ts";
import { fixture, fixtureAuthority, keys, serviceKey } from "../../test/fixture.ts";
import { newApiKey } from "../api-key.ts";
import { appClient } from "../client.ts";
import { localTransport } from "../local-transport.ts";
import type { Principal } from "../principal.ts";
import type { Routes } from "../routes.ts";
import { serverInterceptors } from "../server-interceptors.ts";

type Clients = ReturnType<typeof clients>;

/** One call of each level, and of each scope that a workspace key may have. */
const calls = {
  admin: ({ providers }: Clients, key: string) => providers.listProviders({}, bearer(key)),
  operator: ({ workspaces }: Clients, key: string) => workspaces.listWorkspaces({}, bearer(key)),
  service: ({ sync }: Clients, key: string) => sync.checkKey({}, bearer(key)),
  "webhooks:read": ({ webhooks }: Clients, key: string) =>
    webhooks.getWebhook({ workspace: "acme", webhook: "wh_1" }, bearer(key)),
  webhooks: ({ webhooks }: Clients, key: string) =>
    webhooks.createWebhook(
      { workspace: "acme", webhook: { url: "https://a.example" } },
      bearer(key),
    ),
};

type Expected = Record<keyof typeof calls, string>;

describe("access", () => {
  test.each<[string, string, Expected]>([
    [
      "admin key",
      keys.admin,
      {
        admin: "ok",
        operator: "forbidden",
        service: "forbidden",
        webhooks: "forbidden",
        "webhooks:read": "forbidden",
      },
    ],
    [
      "operator key",
      keys.operator,
      {
        admin: "forbidden",
        operator: "ok",
        service: "forbidden",
        webhooks: "ok",
        "webhooks:read": "ok",
      },
    ],
    [
      "workspace key",
      keys.workspace,
      {
        admin: "forbidden",
        operator: "forbidden",
        service: "forbidden",
        webhooks: "ok",
        "webhooks:read": "ok",
      },
    ],
    [
      "workspace key without the scope",
      keys.reader,
      {
        admin: "forbidden",
        operator: "forbidden",
        service: "forbidden",
        webhooks: "forbidden",
        "webhooks:read": "forbidden",
      },
    ],
    [
      "service key",
      serviceKey,
      {
        admin: "unauthenticated",
        operator: "unauthenticated",
        service: "ok",
        webhooks: "unauthenticated",
        "webhooks:read": "unauthenticated",
      },
    ],
    [
      "unknown key",
      newApiKey("demo_"),
      {
        admin: "unauthenticated",
        operator: "unauthenticated",
        service: "unauthenticated",
        webhooks: "unauthenticated",
        "webhooks:read": "unauthenticated",
      },
    ],
  ])("of a %s", async (_name, key, expected) => {
    const all = clients();
    const outcomes = Object.entries(calls).map(async ([level, call]) => [
      level,
      await outcomeOf(call(all, key)),
    ]);
    expect(Object.fromEntries(await Promise.all(outcomes))).toEqual(expected);
  });

  test.each([
    ["no header", {}],
    ["another scheme", { authorization: `Basic ${keys.operator}` }],
    ["no key", { authorization: "Bearer " }],
    ["two keys", { authorization: `Bearer ${keys.operator} ${keys.operator}` }],
    ["a key in another header", { "x-api-key": keys.operator }],
  ])("is refused with %s", async (_name, headers) => {
    const { providers } = clients();
    expect(await outcomeOf(providers.getOwnProvider({}, { headers }))).toBe("unauthenticated");
  });

  test("does not care how the scheme is spelled", async () => {
    const { providers } = clients();
    const headers = { Authorization: `bearer  ${keys.operator}` };
    expect(await outcomeOf(providers.getOwnProvider({}, { headers }))).toBe("ok");
  });

  test("asks nobody about what cannot be a key", async () => {
    const authority = { ...fixtureAuthority(), checkKey: () => Promise.reject(new Error("asked")) };
    const call = clients({ authority }).providers.getOwnProvider({}, bearer("demo_123"));
    expect(await outcomeOf(call)).toBe("unauthenticated");
  });

  test("to service methods is closed when there is no service key", async () => {
    const { sync } = clients({ serviceKey: "" });
    expect(await outcomeOf(sync.checkKey({}, bearer("")))).toBe("unauthenticated");
    expect(await outcomeOf(sync.checkKey({}, bearer(serviceKey)))).toBe("unauthenticated");
  });

  test("to a method without the option is closed to everyone", async () => {
    const method = methodWithoutOption();
    const { interceptors } = fixture();
    const routes: Routes = (router) => router.rpc(method, () => create(EmptySchema));
    const open = localTransport(routes, { interceptors });
    for (const key of [keys.admin, keys.operator, serviceKey]) {
      const call = open.unary(method, undefined, undefined, bearer(key).headers, {});
      await expect(call).rejects.toMatchObject({ code: Code.PermissionDenied });
    }
  });
});

describe("another system's API", () => {
  const scopes = ["webhooks"];
  const known = { keyId: "key_1", provider: "demo", compat: "tracktile", scopes } as const;

  test.each<[string, Partial<Principal>, string]>([
    ["a key of a provider that has opened it", {}, "ok"],
    ["a key of such a provider without the scope", { scopes: [] }, "forbidden"],
    ["a key of a provider that has opened another", { compat: "up42" }, "not_found"],
    ["a key of a provider that has opened none", { compat: "", scopes: [] }, "not_found"],
    ["an admin key", { level: "admin", provider: "", compat: "" }, "not_found"],
  ])("answers %s with %s", async (_name, changed, expected) => {
    const principal = { ...known, level: "workspace", workspaceId: "ws_acme", ...changed } as const;
    const authority = { ...fixtureAuthority(), checkKey: async () => principal };
    const log = logger({ name: "test", level: "silent" });
    const interceptors = serverInterceptors({ authority, serviceKey, log });
    const routes: Routes = (router) => router.service(HookService, { listHooks: () => ({}) });
    const hooks = appClient(HookService, localTransport(routes, { interceptors }));
    expect(await outcomeOf(hooks.listHooks({}, bearer(newApiKey("api-"))))).toBe(expected);
  });
});

/** The method `Ping` of a service whose proto says nothing of access. */
function methodWithoutOption(): DescMethodUnary<typeof EmptySchema, typeof EmptySchema> {
  const type = ".google.protobuf.Empty";
  const file = create(FileDescriptorProtoSchema, {
    name: "test/open.proto",
    package: "test",
    syntax: "proto3",
    dependency: ["google/protobuf/empty.proto"],
    service: [
      { name: "OpenService", method: [{ name: "Ping", inputType: type, outputType: type }] },
    ],
  });
  const registry = createFileRegistry(file, () => file_google_protobuf_empty.proto);
  const method = registry.getService("test.OpenService")?.methods[0];
  assert(method !== undefined);
  return { ...method, methodKind: "unary", input: EmptySchema, output: EmptySchema };
}
