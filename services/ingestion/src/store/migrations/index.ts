import * as createIngestion from "./2026-11-21T1200-create-ingestion.ts";

/** The migrations of the schema `ingestion`, in order. */
export const migrations = {
  "2026-11-21T1200-create-ingestion": createIngestion,
};
