import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { pageSizeOf, type pageTokens } from "@posthorn/postgres";
import type { Cursor } from "../store/cursor.ts";

/** The codec of page tokens. */
export type PageTokens = ReturnType<typeof pageTokens>;

/**
 * Reads where a page begins and how long it is. A token is good only for the same workspace and
 * filters: `scope` says which. Throws `invalid` for any other.
 */
export function readPage(
  tokens: PageTokens,
  request: { pageSize: number; pageToken: string },
  scope: string,
): { cursor: Cursor | undefined; sizeMax: number } {
  const sizeMax = pageSizeOf(request.pageSize);
  if (request.pageToken === "") return { cursor: undefined, sizeMax };
  const [atUs = "", uuid = ""] = tokens.decode(request.pageToken, scope);
  return { cursor: { atUs, uuid }, sizeMax };
}

/** Writes where the next page begins; empty when there is none. */
export function writeNext(tokens: PageTokens, next: Cursor | undefined, scope: string): string {
  return next ? tokens.encode({ scope, position: [next.atUs, next.uuid] }) : "";
}

/** Reads an optional time. */
export function toDate(time: Timestamp | undefined): Date | undefined {
  return time && timestampDate(time);
}
