import {
  create,
  type DescMessage,
  jsonOf,
  type MessageJsonType,
  type MessageShape,
  printJson,
} from "@posthorn/client";
import type { Command } from "commander";
import { count } from "../input/parse.ts";
import type { Column } from "../output/output.ts";
import type { Session } from "../session.ts";

/** Options of every list. */
export interface PageOptions {
  readonly limit: number;
  readonly pageToken?: string;
}

/** A page as the API asks and answers. */
interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

const pageSizeMax = 250;

/** Adds the options of a list. */
export function withPages(command: Command): Command {
  return command
    .option("--limit <count>", "how many at most", count, 50)
    .option("--page-token <token>", "where to go on: nextPageToken of --json");
}

/**
 * Shows a list, page after page up to the limit: a table for people, and for programs the answer
 * of the API with all of its items.
 */
export async function showList<I extends DescMessage>(
  { out }: Session,
  { limit, pageToken = "" }: PageOptions,
  list: {
    readonly response: DescMessage;
    /** The field of the response that holds the items. */
    readonly field: string;
    readonly item: I;
    readonly ask: (page: { pageSize: number; pageToken: string }) => Promise<Page<MessageShape<I>>>;
    readonly columns: readonly Column<MessageJsonType<I>>[];
    /** Said when there are none. */
    readonly none: string;
  },
): Promise<void> {
  const items: MessageShape<I>[] = [];
  let next = pageToken;
  do {
    const pageSize = Math.min(limit - items.length, pageSizeMax);
    const page = await list.ask({ pageSize: Math.max(pageSize, 1), pageToken: next });
    items.push(...page.items);
    next = page.nextPageToken;
  } while (next !== "" && items.length < limit);
  if (out.isJson) {
    const answer = create(list.response, { [list.field]: items, nextPageToken: next });
    out.json(printJson(list.response, answer, 2));
    return;
  }
  if (items.length === 0) return out.say(list.none);
  out.table(
    items.map((item) => jsonOf(list.item, item)),
    list.columns,
  );
  if (next !== "") out.note(`There are more: --limit ${limit * 2}.`);
}
