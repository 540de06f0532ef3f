import { migrate, openPostgres, type Postgres } from "@posthorn/postgres";
import { testDatabase } from "@posthorn/testkit";
import type { Database } from "../store/database.ts";
import { migrations } from "../store/migrations/index.ts";

/** Delivery's tables in a database of their own. */
export async function emptyTables(
  settings?: Readonly<Record<string, string>>,
): Promise<{ postgres: Postgres<Database>; close(): Promise<void> }> {
  const database = await testDatabase();
  const postgres = openPostgres<Database>({
    url: database.url,
    connectionCountMax: 2,
    applicationName: "test",
    searchPath: "delivery",
    ...(settings && { settings }),
  });
  await migrate({ db: postgres.db, schema: "delivery", migrations });
  return {
    postgres,
    async close() {
      await postgres.close();
      await database.drop();
    },
  };
}
