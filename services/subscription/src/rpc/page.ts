import { type PageTokens, pageSizeOf } from "@posthorn/postgres";

/** How to read one page. */
export interface PageOptions<T> {
  readonly tokens: PageTokens;
  /** What is listed of whom: a token is good for this only. */
  readonly scope: string;
  readonly request: { readonly pageSize: number; readonly pageToken: string };
  /** Gives the items that follow a position (undefined: from the start), at most `countMax`. */
  readonly list: (position: string | undefined, countMax: number) => Promise<T[]>;
  readonly positionOf: (item: T) => string;
}

/** Gives a page of items and the token of the next; empty on the last page. */
export async function readPage<T>(
  options: PageOptions<T>,
): Promise<{ items: T[]; nextPageToken: string }> {
  const { tokens, scope, request } = options;
  const [position] = request.pageToken === "" ? [] : tokens.decode(request.pageToken, scope);
  const size = pageSizeOf(request.pageSize);
  const found = await options.list(position, size + 1);
  const items = found.slice(0, size);
  const last = items.at(-1);
  const isLastPage = found.length === items.length || last === undefined;
  return {
    items,
    nextPageToken: isLastPage ? "" : tokens.encode({ scope, position: [options.positionOf(last)] }),
  };
}
