import { create } from "@bufbuild/protobuf";
import { pageTokens } from "@posthorn/postgres";
import { SyncSubscriptionsRequestSchema } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { masterKey } from "@posthorn/sealing";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { expect, test } from "vitest";
import { harness } from "../../../test/harness.ts";
import type { Database } from "../../store/database.ts";
import { syncSubscriptions } from "./sync-subscriptions.ts";

async function setup() {
  const it = await harness();
  const statements: string[] = [];
  const pool = new pg.Pool({
    connectionString: it.databaseUrl,
    options: "-c search_path=subscription",
  });
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => void statements.push(query.sql),
  });
  const deps = {
    db,
    masterKey: masterKey(it.masterKey),
    urlPolicy: { allowCidrs: [], allowHttp: false },
    pageTokens: pageTokens(new Uint8Array(32)),
  };
  const close = async () => {
    await db.destroy();
    await it.close();
  };
  return { it, deps, statements, [Symbol.asyncDispose]: close };
}

test("asks the database once when nothing changed", async () => {
  await using world = await setup();
  const { it, deps, statements } = world;
  const tenants = [await it.tenant(), await it.tenant()];
  for (const { as } of tenants) {
    const webhook = { url: "https://example.com/" };
    await as.webhooks.createWebhook({ workspace: "acme", webhook });
  }
  const workspaces = tenants.map(({ workspaceId }) => ({ workspaceId }));
  const first = await syncSubscriptions(
    deps,
    create(SyncSubscriptionsRequestSchema, { workspaces }),
  );
  expect(first.workspaces).toHaveLength(2);
  expect(first.providers).toHaveLength(2);
  statements.length = 0;
  const known = create(SyncSubscriptionsRequestSchema, {
    workspaces: first.workspaces.map(({ workspaceId, version }) => ({ workspaceId, version })),
    providers: first.providers.map(({ provider, revision }) => ({ provider, revision })),
  });
  expect(await syncSubscriptions(deps, known)).toMatchObject({ workspaces: [], providers: [] });
  expect(statements).toHaveLength(1);
  expect(statements[0]).not.toContain("webhook");
});
