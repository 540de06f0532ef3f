import type { ColumnType, Generated, JSONColumnType } from "kysely";
import type { ConnectionPolicy } from "../domain/connection-policy.ts";
import type { Envelope } from "../domain/envelope.ts";
import type { SecretPolicy } from "../domain/secret-policy.ts";
import type { Signature } from "../domain/signature.ts";
import type { WebhookFormField } from "../domain/webhook-form.ts";

/** A bigint: comes as a string, may be written as a bigint. */
type Bigint = ColumnType<string, bigint | string, bigint | string>;
type Bytes = ColumnType<Buffer, Uint8Array, Uint8Array>;

/** The tables of the schema `subscription`. Ids are UUIDs, bigints strings. */
export interface Database {
  provider: {
    name: string;
    display_name: string;
    user_agent: string;
    key_prefix: string;
    unknown_event_types: string;
    workspaces_must_exist: boolean;
    signatures: string[];
    signature_options: JSONColumnType<Signature[]>;
    retry_delays_ms: number[] | null;
    webhooks_per_workspace_max: number;
    envelopes: JSONColumnType<Envelope[]>;
    envelope_revision: Generated<string>;
    secret_policy: JSONColumnType<SecretPolicy>;
    event_type_selection: string;
    webhook_fields: JSONColumnType<WebhookFormField[]>;
    webhooks_start_paused: boolean;
    connection_policy: JSONColumnType<ConnectionPolicy> | null;
    compat: string;
    revision: Generated<string>;
    wrapped_data_key: Bytes;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  provider_envelopes: {
    provider: string;
    revision: Bigint;
    envelopes: JSONColumnType<Envelope[]>;
    created_at: Generated<Date>;
  };
  event_type: {
    provider: string;
    name: string;
    group_name: string;
    description: string;
    schema: Bytes;
    example: Bytes;
    label: string;
    version: string;
    filter: string;
    has_previous: boolean;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  workspace: {
    provider: string;
    id: string;
    alias: string | null;
    display_name: string;
    version: Generated<string>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  webhook: {
    workspace_id: string;
    id: string;
    version: Bigint;
    target_version: Bigint;
    name: string;
    description: string;
    url: string;
    event_types: string[];
    state: string;
    disabled_reason: string | null;
    header_names: string[];
    sealed_headers: Bytes;
    in_flight_max: number;
    timeout_ms: number | null;
    retry_delays_ms: number[] | null;
    metadata: JSONColumnType<Record<string, string>>;
    filter: string;
    when_paused: string;
    rate_limit_per_second: number | null;
    ordered: boolean;
    payload_version: Generated<string>;
    cancel_before: Generated<Date | null>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  webhook_secret: {
    workspace_id: string;
    webhook_id: string;
    version: Bigint;
    sealed: Bytes;
    expire_at: Date | null;
  };
  connection: {
    workspace_id: string;
    id: string;
    integration_name: string;
    display_name: string;
    metadata: JSONColumnType<Record<string, string>>;
    sync_state: string;
    first_sync_completed_at: Date | null;
    deleted_at: Date | null;
    created_at: Date;
    updated_at: Date;
  };
  connection_event: {
    id: Generated<string>;
    provider: string;
    workspace_id: string;
    connection_id: string;
    kind: string;
    integration_name: string;
    event_type: string;
    data: string;
    occurred_at: Date;
    failures: Generated<number>;
    error: Generated<string>;
  };
  api_key: {
    id: string;
    level: string;
    provider: string | null;
    workspace_id: string | null;
    scopes: string[];
    sha256: Bytes;
    hint: string;
    created_at: Generated<Date>;
    expire_at: Date | null;
  };
}
