import type { Generated } from "kysely";

/** The tables of the schema `ingestion`. Bigints are strings. */
export interface Database {
  idempotency_key: {
    workspace_id: string;
    key: string;
    event_id: string;
    body_sha256: Buffer;
    created_at: Date;
  };
  consumer_offset: {
    topic: string;
    partition: number;
    log_id: string;
    next_offset: string;
    updated_at: Generated<Date>;
  };
  dead_letter: {
    id: string;
    provider: string;
    log_id: string;
    topic: string;
    partition: number;
    log_offset: string;
    reason: string;
    message: string;
    value_head: Buffer;
    value_size: number;
    created_at: Date;
  };
}
