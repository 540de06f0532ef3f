import { randomBytes } from "node:crypto";
import { delivery, ingestion, jsonOf, printJson, readJson } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { misuse } from "../failure.ts";
import { readWhole } from "../input/files.ts";
import { time, timeText } from "../input/parse.ts";
import { shortTime, stateStyle } from "../output/output.ts";
import { plain, plainLine } from "../output/plain.ts";
import { publishFile, readResume } from "../publish/publish-file.ts";
import type { Session } from "../session.ts";
import { attemptInWords } from "./attempt-view.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";

interface PublishOptions {
  readonly type?: string;
  readonly data?: string;
  readonly connection?: string;
  readonly time?: string;
  readonly deliverTime?: string;
  readonly orderingKey?: string;
  readonly idempotencyKey?: string;
  readonly previousData?: string;
  readonly resume?: string;
}

const id = "evt_01m7z48vzwe3mb72w2r6wrpjr6";

/** events publish, list, get, explain. */
export function eventCommands(root: Command, act: Act): void {
  const group = root
    .command("events")
    .description("what happened: publish it, and see what became of it");
  group
    .command("publish [file]")
    .description("publish an event by --type and --data, or many from a file; - is standard input")
    .option("--type <name>", "the event type")
    .option("--data <json>", "the data as JSON; @file reads it from a file, @- from standard input")
    .option("--previous-data <json>", "the data as it was before; as --data")
    .option("--connection <id>", "the connection that it comes from")
    .option("--time <time>", "when it happened", timeText)
    .option("--deliver-time <time>", "when to send it, such as +2h", timeText)
    .option("--ordering-key <text>", "whose order it stands in")
    .option("--idempotency-key <text>", "publishing again under it publishes nothing new")
    .option(
      "--resume <run:line>",
      "go on where an earlier run of the same file stopped, as it said",
    )
    .action(act<PublishOptions>((session, options, [file]) => publish(session, file, options)))
    .addHelpText(
      "after",
      examples(
        [`posthorn events publish --type order.created --data '{"orderId": "ord_7"}'`],
        ["posthorn events publish --type order.created --data @order.json"],
        ["posthorn events publish events.ndjson", 'an event a line: {"type": ..., "data": ...}'],
        ["make-events | posthorn events publish -"],
      ),
    );
  withPages(group.command("list"))
    .description("list events, newest first")
    .option("--type <name>", "only those of this type")
    .option(
      "--after <time>",
      "only those accepted since: a time, or how long ago, such as 2h",
      timeText,
    )
    .option("--before <time>", "only those accepted before", timeText)
    .action(act(list))
    .addHelpText("after", examples(["posthorn events list --type order.created --after 1h"]));
  group
    .command("get <id>")
    .description("show an event, its deliveries and who was skipped")
    .action(act((session, _, [event = ""]) => get(session, event)))
    .addHelpText("after", examples([`posthorn events get ${id}`]));
  group
    .command("explain <id>")
    .description("tell for each webhook why it gets an event, or why not")
    .option("--webhook <id>", "only this webhook")
    .action(
      act<{ webhook?: string }>((session, { webhook }, [event = ""]) =>
        explain(session, event, webhook),
      ),
    )
    .addHelpText("after", examples([`posthorn events explain ${id}`]));
}

async function publish(session: Session, file: string | undefined, options: PublishOptions) {
  const { type, resume } = options;
  if (file === undefined && type === undefined) {
    throw misuse("what is to be published? Give a file, or --type and --data");
  }
  if (file === undefined) return await publishOne(session, options);
  const single = Object.keys(options).find((name) => singleOnly.has(name));
  if (single !== undefined)
    throw misuse(`a file says itself what its events are: leave out --${kebab(single)}`);
  const place =
    resume === undefined ? { run: randomBytes(4).toString("hex"), from: 1 } : readResume(resume);
  const { out } = session;
  const published = await publishFile(session, file, {
    ...place,
    onPublished(events) {
      for (const event of events) out.json(printJson(ingestion.EventSchema, event));
    },
  });
  out.say(`Published ${published.eventCount} event${published.eventCount === 1 ? "" : "s"}.`);
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const singleOnly = new Set([
  "type",
  "data",
  "connection",
  "time",
  "deliverTime",
  "orderingKey",
  "idempotencyKey",
  "previousData",
]);

async function publishOne(session: Session, options: PublishOptions): Promise<void> {
  const { environment, out } = session;
  const rfc3339 = (text: string | undefined) => text && time(text, environment.now()).toISOString();
  const { data = "{}", previousData } = options;
  const json = JSON.stringify({
    type: options.type,
    connection: options.connection,
    time: rfc3339(options.time),
    deliverTime: rfc3339(options.deliverTime),
    orderingKey: options.orderingKey,
    idempotencyKey: options.idempotencyKey,
  });
  const event = readJson(ingestion.EventSchema, json);
  event.data = await bytesOf(session, "--data", data);
  if (previousData !== undefined)
    event.previousData = await bytesOf(session, "--previous-data", previousData);
  const workspace = await session.workspace();
  const published = await session.client().publish.publishEvent({ workspace, event });
  out.say(`Published ${published.id}  ${published.type}`);
  out.json(printJson(ingestion.EventSchema, published, 2));
}

/** Gives JSON of an option, or of the file that it names, byte by byte. */
async function bytesOf({ environment }: Session, option: string, text: string) {
  const bytes = text.startsWith("@")
    ? await readWhole(environment, text.slice(1))
    : Buffer.from(text);
  try {
    JSON.parse(bytes.toString());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw misuse(`${option}: it is no JSON: ${plainLine(why)}`, cause);
  }
  return new Uint8Array(bytes);
}

interface ListOptions extends PageOptions {
  readonly type?: string;
  readonly after?: string;
  readonly before?: string;
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const rfc3339 = (text: string | undefined) =>
    text && time(text, session.environment.now()).toISOString();
  const workspace = await session.workspace();
  const { events } = session.client();
  const filter = {
    workspace,
    type: options.type,
    after: rfc3339(options.after),
    before: rfc3339(options.before),
  };
  const request = readJson(delivery.ListEventsRequestSchema, JSON.stringify(filter));
  await showList(session, options, {
    response: delivery.ListEventsResponseSchema,
    field: "events",
    item: delivery.EventSchema,
    async ask(page) {
      const answer = await events.listEvents({ ...request, ...page });
      return { items: answer.events, nextPageToken: answer.nextPageToken };
    },
    columns: [
      { title: "ID", of: (event) => event.id },
      { title: "TYPE", of: ({ type }) => type },
      { title: "ACCEPTED", of: ({ acceptTime }) => shortTime(acceptTime) },
      { title: "SKIPPED", of: ({ skippedCount = 0 }) => (skippedCount > 0 ? skippedCount : "") },
    ],
    none: "There is no such event.",
  });
}

async function get(session: Session, event: string): Promise<void> {
  const { out } = session;
  const workspace = await session.workspace();
  const found = await session.client().events.getEvent({ workspace, event });
  out.json(printJson(delivery.EventSchema, found, 2));
  const shown = jsonOf(delivery.EventSchema, found);
  const { deliveries = [], skipped = [] } = shown;
  out.fields([
    ["id", shown.id],
    ["type", shown.type],
    ["time", shortTime(shown.time)],
    ["accepted", shortTime(shown.acceptTime)],
    ["deliver at", shortTime(shown.deliverTime)],
    ["ordering key", shown.orderingKey],
    ["connection", shown.connection],
    [
      "data",
      shown.dataExpired ? "(it is older than data is kept)" : Buffer.from(found.data).toString(),
    ],
    ["previous", Buffer.from(found.previousAttributes).toString()],
  ]);
  out.say("");
  if (deliveries.length === 0) out.say("No webhook got it.");
  else {
    out.table(deliveries, [
      { title: "DELIVERY", of: (one) => one.id },
      { title: "STATE", of: ({ state }) => state, style: stateStyle },
      { title: "WEBHOOK", of: ({ webhook }) => webhook },
      { title: "ATTEMPTS", of: ({ attemptCount }) => attemptCount },
      { title: "LAST", of: ({ lastAttempt }) => lastAttempt && attemptInWords(lastAttempt) },
      { title: "WAITS FOR", of: ({ waitingFor }) => waitingFor?.description },
    ]);
  }
  for (const { webhook, reason, detail } of skipped) {
    out.say(`skipped ${webhook}: ${reason}${detail ? `, ${plainLine(detail)}` : ""}`);
  }
}

async function explain(session: Session, event: string, webhook = ""): Promise<void> {
  const { out } = session;
  const workspace = await session.workspace();
  const found = await session.client().events.explainEvent({ workspace, event, webhook });
  out.json(printJson(delivery.EventExplanationSchema, found, 2));
  const { webhooks = [] } = jsonOf(delivery.EventExplanationSchema, found);
  if (webhooks.length === 0) out.say("The workspace has no webhook that has to do with it.");
  for (const one of webhooks) {
    const isFor = one.verdict === "MATCHED";
    const mark = isFor ? out.style("green", "✓") : out.style("yellow", "–");
    out.say(`${mark} ${one.webhook}  ${plain(one.description ?? "")}`);
    for (const made of one.deliveries ?? []) {
      const last = made.lastAttempt ? `  ${attemptInWords(made.lastAttempt)}` : "";
      out.say(`    ${made.id}  ${made.state}${last}`);
    }
  }
}
