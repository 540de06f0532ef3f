export {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  removeEmbedded,
  startEmbedded,
} from "./embedded/start.ts";
export { isPassing } from "./is-passing.ts";
export { type ListenerOptions, listener } from "./listener.ts";
export { type MigrateOptions, migrate } from "./migrate.ts";
export { type OpenPostgresOptions, openPostgres, type Postgres } from "./open.ts";
export { pageSizeOf } from "./page-size.ts";
export { type PageTokens, pageTokens } from "./page-token.ts";
export { isLockTimeout, isUnavailable, isUniqueViolation } from "./pg-error.ts";
export { transaction } from "./transaction.ts";
