import { migrate, openPostgres } from "@posthorn/postgres";
import type { Database } from "./database.ts";
import { migrations } from "./migrations/index.ts";

/** Brings the schema `ingestion` of a database up to date. Idempotent; safe when run twice at once. */
export async function migrateIngestion(databaseUrl: string): Promise<void> {
  const applicationName = "posthorn ingestion migrate";
  const postgres = openPostgres<Database>({
    url: databaseUrl,
    connectionCountMax: 1,
    applicationName,
  });
  try {
    await migrate({ db: postgres.db, schema: "ingestion", migrations });
  } finally {
    await postgres.close();
  }
}
