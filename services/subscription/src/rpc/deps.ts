import type { UrlPolicy } from "@posthorn/egress";
import type { PageTokens } from "@posthorn/postgres";
import type { MasterKey } from "@posthorn/sealing";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";

/** What the handlers work with. */
export interface Deps {
  readonly db: Kysely<Database>;
  readonly masterKey: MasterKey;
  readonly urlPolicy: UrlPolicy;
  readonly pageTokens: PageTokens;
}
