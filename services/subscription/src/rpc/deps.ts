import type { UrlPolicy } from "@posthorn/egress";
import type { PageTokens } from "@posthorn/postgres";
import type { MasterKey } from "@posthorn/sealing";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import type { AddHealth } from "./webhooks/health.ts";

/** What the handlers work with. */
export interface Deps {
  readonly db: Kysely<Database>;
  readonly masterKey: MasterKey;
  readonly urlPolicy: UrlPolicy;
  readonly pageTokens: PageTokens;
  readonly addHealth: AddHealth;
  /** Says that a committed transaction left an event of a connection to be published. */
  readonly wakeRelay: () => void;
}
