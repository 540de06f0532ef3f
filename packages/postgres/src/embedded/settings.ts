/** Settings of postgresql.conf, by name. */
export type Settings = Readonly<Record<string, string>>;

/** What an embedded Postgres runs with unless told otherwise: nothing that was committed is lost. */
export const defaultSettings: Settings = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  max_connections: "100",
  shared_buffers: "256MB",
  min_wal_size: "256MB",
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  // Short statements only: compiling them costs more than it gives.
  jit: "off",
  random_page_cost: "1.1",
  // Hot tables are narrow and change all the time: little and often.
  autovacuum_naptime: "15s",
  autovacuum_vacuum_scale_factor: "0.02",
  autovacuum_vacuum_insert_scale_factor: "0.05",
  autovacuum_analyze_scale_factor: "0.02",
  autovacuum_vacuum_cost_delay: "1ms",
  autovacuum_vacuum_cost_limit: "2000",
  timezone: "UTC",
  log_timezone: "UTC",
  // Statements may hold a customer's data.
  log_min_error_statement: "panic",
  log_checkpoints: "off",
  // Who speaks; see server-log.ts.
  log_line_prefix: "%b: ",
};

/** Gives the arguments that set them: `-c name=value`. */
export function settingArgs(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
