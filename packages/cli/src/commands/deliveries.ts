import { create, delivery, jsonOf, printJson, readJson } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { exitCodes, misuse } from "../failure.ts";
import { count, number, oneOf, time, timeText } from "../input/parse.ts";
import { type Column, shortTime, stateStyle } from "../output/output.ts";
import type { Session } from "../session.ts";
import { attemptInWords, watchedLine } from "./attempt-view.ts";
import { showDelivery } from "./delivery-story.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";
import { showReplay } from "./replay-view.ts";

interface FilterOptions {
  readonly webhook?: string;
  readonly event?: string;
  readonly type?: string;
  readonly state?: string;
  readonly status?: number;
  readonly after?: string;
  readonly before?: string;
  readonly query?: string;
  readonly connection?: string;
}

interface ResendOptions extends FilterOptions {
  readonly perSecond?: number;
}

const { DeliverySchema, AttemptSchema } = delivery;
const id = "dlv_01m7z48vzwfj6akwy6r1ftckjv";

/** deliveries list, show, resend, cancel, watch. */
export function deliveryCommands(root: Command, act: Act): void {
  const group = root.command("deliveries").description("what became of events, webhook by webhook");
  withFilter(withPages(group.command("list")))
    .description("list deliveries, newest first")
    .action(act(list))
    .addHelpText(
      "after",
      examples(
        ["posthorn deliveries list --state EXHAUSTED --after 24h"],
        ["posthorn deliveries list --webhook wh_01m7z48vxxftwt9arhb4cxmnte --status 500"],
        ["posthorn deliveries list --query order. --json"],
      ),
    );
  group
    .command("show <id>")
    .description("tell the whole story: the event, why it was sent, every attempt and answer")
    .action(act((session, _, [which = ""]) => showDelivery(session, which)))
    .addHelpText("after", examples([`posthorn deliveries show ${id}`]));
  withFilter(group.command("resend [ids...]"))
    .description("send deliveries again: those named, or all that a filter finds, as a replay")
    .option("--per-second <number>", "how many a second, at most; with a filter", number)
    .action(act(resend))
    .addHelpText(
      "after",
      examples(
        [`posthorn deliveries resend ${id}`],
        ["posthorn deliveries resend --state EXHAUSTED --after 2h --per-second 50"],
      ),
    );
  group
    .command("cancel <ids...>")
    .description("end deliveries that wait")
    .action(act((session, _, ids) => cancel(session, ids)))
    .addHelpText("after", examples([`posthorn deliveries cancel ${id}`]));
  group
    .command("watch")
    .description("show attempts as they happen, until Ctrl-C; with --json a line each")
    .option("--webhook <id>", "only those of this webhook")
    .action(act(watch))
    .addHelpText(
      "after",
      examples(
        ["posthorn deliveries watch"],
        ["posthorn deliveries watch --json | jq .statusCode"],
      ),
    );
}

function withFilter(command: Command): Command {
  const states = ["PENDING", "SUCCEEDED", "EXHAUSTED", "CANCELED", "HELD"] as const;
  return command
    .option("--webhook <id>", "only those of this webhook")
    .option("--event <id>", "only those of this event")
    .option("--type <name>", "only those of this event type")
    .option("--state <state>", "only those in this state", oneOf(...states))
    .option("--status <code>", "only those whose last attempt got this HTTP status", count)
    .option("--connection <id>", "only those whose event comes from this connection")
    .option(
      "--after <time>",
      "only those made since: a time, or how long ago, such as 2h",
      timeText,
    )
    .option("--before <time>", "only those made before", timeText)
    .option(
      "--query <text>",
      "the id of a delivery, event or webhook, or how the event type begins",
    );
}

function filterOf({ environment }: Session, options: FilterOptions) {
  const rfc3339 = (text: string | undefined) => text && time(text, environment.now()).toISOString();
  return {
    webhook: options.webhook,
    event: options.event,
    eventType: options.type,
    state: options.state,
    statusCode: options.status,
    after: rfc3339(options.after),
    before: rfc3339(options.before),
    query: options.query,
    connection: options.connection,
  };
}

const columns: readonly Column<delivery.DeliveryJson>[] = [
  { title: "ID", of: ({ id }) => id },
  { title: "STATE", of: ({ state }) => state, style: stateStyle },
  { title: "EVENT TYPE", of: ({ eventType }) => eventType },
  { title: "WEBHOOK", of: ({ webhook }) => webhook },
  { title: "ATTEMPTS", of: ({ attemptCount }) => attemptCount },
  { title: "LAST", of: ({ lastAttempt }) => lastAttempt && attemptInWords(lastAttempt) },
  { title: "NEXT", of: ({ nextAttemptTime }) => shortTime(nextAttemptTime) },
  { title: "MADE", of: ({ createTime }) => shortTime(createTime) },
];

async function list(session: Session, options: PageOptions & FilterOptions): Promise<void> {
  const workspace = await session.workspace();
  const { deliveries } = session.client();
  const filter = JSON.stringify({ workspace, ...filterOf(session, options) });
  const request = readJson(delivery.ListDeliveriesRequestSchema, filter);
  await showList(session, options, {
    response: delivery.ListDeliveriesResponseSchema,
    field: "deliveries",
    item: DeliverySchema,
    async ask(page) {
      const answer = await deliveries.listDeliveries({ ...request, ...page });
      return { items: answer.deliveries, nextPageToken: answer.nextPageToken };
    },
    columns,
    none: "There is no such delivery.",
  });
}

async function resend(session: Session, options: ResendOptions, ids: readonly string[]) {
  const filter = filterOf(session, options);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (ids.length > 0 && isFiltered) throw misuse("name deliveries or give a filter, not both");
  if (ids.length === 0 && !isFiltered)
    throw misuse("which deliveries? Name them, or give a filter such as --state");
  const workspace = await session.workspace();
  const { deliveries, replays } = session.client();
  if (ids.length === 0) {
    const text = JSON.stringify({ workspace, ...filter, perSecond: options.perSecond });
    const request = readJson(delivery.ResendDeliveriesRequestSchema, text);
    return showReplay(session.out, await replays.resendDeliveries(request));
  }
  await each(session, ids, "Sent again", (which) =>
    deliveries.resendDelivery({ workspace, delivery: which }),
  );
}

async function cancel(session: Session, ids: readonly string[]): Promise<void> {
  const workspace = await session.workspace();
  const { deliveries } = session.client();
  await each(session, ids, "Canceled", (which) =>
    deliveries.cancelDelivery({ workspace, delivery: which }),
  );
}

/** Does the same to each; what is refused ends it, and says how many were done before. */
async function each(
  { out }: Session,
  ids: readonly string[],
  what: string,
  act: (id: string) => Promise<delivery.Delivery>,
): Promise<void> {
  const done: delivery.Delivery[] = [];
  for (const which of ids) {
    const changed = await act(which).catch((error: unknown) => {
      const rest = ids.slice(done.length).join(" ");
      if (done.length > 0) out.note(`${done.length} of ${ids.length} are done; left are ${rest}`);
      throw error;
    });
    done.push(changed);
    out.say(`${what}: ${changed.id}`);
  }
  const schema = delivery.ListDeliveriesResponseSchema;
  out.json(printJson(schema, create(schema, { deliveries: done }), 2));
}

async function watch(session: Session, { webhook = "" }: { webhook?: string }): Promise<number> {
  const { out, stop } = session;
  const workspace = await session.workspace();
  const attempts = session
    .client()
    .deliveries.watchAttempts({ workspace, webhook }, { signal: stop });
  out.note(`Watching the attempts of ${workspace}; Ctrl-C ends it.`);
  try {
    for await (const attempt of attempts) {
      if (out.isJson) out.json(printJson(AttemptSchema, attempt));
      else out.say(watchedLine(out, jsonOf(AttemptSchema, attempt)));
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
  return exitCodes.done;
}
