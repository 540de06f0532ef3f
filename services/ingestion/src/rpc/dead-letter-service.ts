import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { pageSizeOf, type pageTokens } from "@posthorn/postgres";
import {
  DeadLetterSchema,
  type DeadLetterService,
} from "@posthorn/proto/posthorn/ingestion/v1/dead_letter_service";
import { principalOf } from "@posthorn/rpc";
import { uuidToId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { DeadLetter } from "../domain/dead-letter.ts";
import type { Database } from "../store/database.ts";
import { listDeadLetters } from "../store/dead-letters.ts";

/** What the dead-letter RPCs need. */
export interface DeadLetterServiceDeps {
  readonly db: Kysely<Database>;
  readonly pages: ReturnType<typeof pageTokens>;
}

/** The RPCs about refused records, for the operators of the provider whose topics they came by. */
export function deadLetterService({
  db,
  pages,
}: DeadLetterServiceDeps): ServiceImpl<typeof DeadLetterService> {
  return {
    async listDeadLetters({ pageSize, pageToken }, context) {
      const { provider } = principalOf(context);
      const scope = `dead-letters ${provider}`;
      const countMax = pageSizeOf(pageSize);
      const [beforeUuid] = pageToken === "" ? [] : pages.decode(pageToken, scope);
      const limits = { provider, beforeUuid, countMax: countMax + 1 };
      const found = await listDeadLetters(db, limits);
      const page = found.slice(0, countMax);
      const last = found.length > countMax ? page.at(-1) : undefined;
      const nextPageToken = last ? pages.encode({ scope, position: [last.uuid] }) : "";
      return { deadLetters: page.map(toMessage), nextPageToken };
    },
  };
}

function toMessage(letter: DeadLetter) {
  return create(DeadLetterSchema, {
    id: uuidToId("dead", letter.uuid),
    topic: letter.topic,
    partition: letter.partition,
    offset: letter.offset,
    reason: letter.reason,
    message: letter.message,
    valueHead: letter.valueHead,
    valueSize: letter.valueSize,
    createTime: timestampFromDate(letter.createdAt),
  });
}
