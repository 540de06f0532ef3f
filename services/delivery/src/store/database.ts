import type { ColumnType, Generated } from "kysely";

/** The tables of the schema `delivery`. Bigints are strings, days are `YYYY-MM-DD`. */
export interface Database {
  log: { topic: string; log_id: string; partition_count: number };
  partition: {
    id: number;
    owner: string | null;
    epoch: string;
    lease_until: Date;
  };
  progress: { partition: number; next_offset: string };
  event: {
    day: string;
    id: string;
    workspace_id: string;
    partition: number;
    provider: string;
    type: string;
    data: Buffer;
    event_time: string;
    accepted_at: Date;
    ordering_key: string;
    traceparent: string;
    skipped: string;
    is_test: ColumnType<boolean, boolean | undefined, boolean>;
  };
  delivery: {
    day: string;
    id: string;
    workspace_id: string;
    partition: number;
    webhook_id: string;
    event_id: string;
    event_type: string;
    trigger: string;
    trigger_id: string;
    state: string;
    state_reason: ColumnType<string, string | undefined, string>;
    attempt_count: ColumnType<number, number | undefined, number>;
    failure_count: ColumnType<number, number | undefined, number>;
    last_status_code: ColumnType<number, number | undefined, number>;
    matched_by: ColumnType<string, string | undefined, string>;
    next_attempt_at: Date | null;
    created_at: Date;
  };
  attempt: {
    day: string;
    id: string;
    workspace_id: string;
    delivery_id: string;
    event_id: string;
    event_type: string;
    webhook_id: string;
    number: number;
    started_at: Date;
    duration_us: number;
    outcome: string;
    status_code: number;
    url: string;
    request_headers: string;
    response_headers: string;
    response_body: Buffer;
    response_truncated: boolean;
    remote_address: string;
    timings: string;
    error: string;
  };
  schedule: {
    partition: number;
    webhook_id: string;
    due_at: Date;
    delivery_id: string;
    day: string;
    event_id: string;
    workspace_id: string;
    attempt_count: number;
    class: Generated<number>;
  };
  lane: {
    partition: number;
    webhook_id: string;
    blocked_until: Generated<Date>;
    breaker_state: Generated<string>;
    breaker_reason: Generated<string>;
    breaker_until: Date | null;
    breaker_open_count: Generated<number>;
    rate_free_at: Date | null;
    concurrency: number | null;
    canceled_before: Date | null;
  };
  webhook_health: {
    partition: number;
    webhook_id: string;
    workspace_id: string;
    provider: string;
    webhook_version: string;
    target_version: string;
    consecutive_failures: number;
    failing_since: Date | null;
    last_success_at: Date | null;
    last_failure_at: Date | null;
    noticed_at: Date | null;
    disabled_target: string | null;
    verdict: Generated<string>;
  };
  expired_day: { day: string; expired_at: Generated<Date> };
  notice: {
    partition: number;
    id: Generated<string>;
    kind: string;
    workspace_id: string;
    webhook_id: string;
    webhook_version: Generated<string>;
    reason: Generated<string>;
    failures: Generated<number>;
    failing_since: Date | null;
    delivery_id: string | null;
    event_id: string | null;
    event_type: Generated<string>;
    attempt_count: Generated<number>;
    status_code: Generated<number>;
    created_at: Generated<Date>;
    parked_at: Date | null;
    error: Generated<string>;
  };
  parked_record: {
    partition: number;
    log_offset: string;
    value: Buffer;
    error: string;
    created_at: Generated<Date>;
  };
}
