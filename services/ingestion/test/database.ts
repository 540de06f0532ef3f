import { openPostgres } from "@posthorn/postgres";
import { testDatabase } from "@posthorn/testkit";
import type { Database } from "../src/store/database.ts";
import { migrateIngestion } from "../src/store/migrate.ts";

/** Makes a migrated database for one test file, opened as the service opens it. */
export async function ingestionDatabase() {
  const database = await testDatabase({ migrate: migrateIngestion, template: "ingestion" });
  const postgres = openPostgres<Database>({
    url: database.url,
    connectionCountMax: 4,
    applicationName: "test",
    searchPath: "ingestion",
  });
  return {
    url: database.url,
    db: postgres.db,
    async drop() {
      await postgres.close();
      await database.drop();
    },
  };
}
