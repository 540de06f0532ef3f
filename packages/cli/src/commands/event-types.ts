import { printJson, readJson, subscription } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { readWhole } from "../input/files.ts";
import { shortTime } from "../output/output.ts";
import type { Session } from "../session.ts";
import { confirmed } from "./confirm.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";

interface CreateOptions {
  readonly group?: string;
  readonly description?: string;
  readonly schema?: string;
  readonly example?: string;
}

const { EventTypeSchema } = subscription;

/** event-types list, get, create, delete. */
export function eventTypeCommands(root: Command, act: Act): void {
  const group = root.command("event-types").description("the provider's catalog");
  withPages(group.command("list"))
    .description("list the catalog by name")
    .action(act(list))
    .addHelpText("after", examples(["posthorn event-types list --limit 200"]));
  group
    .command("get <name>")
    .description("show an event type with schema and example")
    .action(act((session, _, [name = ""]) => get(session, name)))
    .addHelpText("after", examples(["posthorn event-types get order.created"]));
  group
    .command("create <name>")
    .description("add an event type (operator key); a provider's file keeps many in one place")
    .option("--group <text>", "the heading under which catalogs show it")
    .option("--description <text>", "what it means")
    .option("--schema <file>", "a JSON Schema that the data must meet; - is standard input")
    .option("--example <file>", "data as a real event would carry it; - is standard input")
    .action(act<CreateOptions>((session, options, [name = ""]) => create(session, name, options)))
    .addHelpText(
      "after",
      examples([
        "posthorn event-types create order.paid --group Orders --schema order-paid.schema.json",
      ]),
    );
  group
    .command("delete <name>")
    .description("take an event type out of the catalog (operator key)")
    .option("-y, --yes", "without asking")
    .action(act<{ yes?: boolean }>((session, { yes }, [name = ""]) => remove(session, name, yes)))
    .addHelpText("after", examples(["posthorn event-types delete order.paid --yes"]));
}

async function list(session: Session, options: PageOptions): Promise<void> {
  const { eventTypes } = session.client();
  await showList(session, options, {
    response: subscription.ListEventTypesResponseSchema,
    field: "eventTypes",
    item: EventTypeSchema,
    async ask(page) {
      const { eventTypes: items, nextPageToken } = await eventTypes.listEventTypes(page);
      return { items, nextPageToken };
    },
    columns: [
      { title: "NAME", of: ({ name }) => name },
      { title: "GROUP", of: ({ group }) => group },
      { title: "LABEL", of: ({ label }) => label },
      { title: "SCHEMA", of: ({ schema }) => (schema ? "yes" : "") },
      { title: "DESCRIPTION", of: ({ description = "" }) => short(description) },
    ],
    none: "The catalog is empty.",
  });
}

function short(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}

async function get(session: Session, name: string): Promise<void> {
  const eventType = await session.client().eventTypes.getEventType({ name });
  show(session, eventType);
}

function show({ out }: Session, eventType: subscription.EventType): void {
  out.json(printJson(EventTypeSchema, eventType, 2));
  const { name, group, label, description, version, filter, schema, example } = eventType;
  out.fields([
    ["name", name],
    ["label", label],
    ["group", group],
    ["description", description],
    ["version", version],
    ["filter", filter],
    ["previous", eventType.hasPrevious ? "its events carry previous values" : undefined],
    ["changed", shortTime(asTime(eventType))],
    ["schema", Buffer.from(schema).toString()],
    ["example", Buffer.from(example).toString()],
  ]);
}

function asTime({ updateTime }: subscription.EventType): string | undefined {
  return updateTime && new Date(Number(updateTime.seconds) * 1_000).toISOString();
}

async function create(session: Session, name: string, options: CreateOptions): Promise<void> {
  const { group, description, schema, example } = options;
  const eventType = readJson(EventTypeSchema, JSON.stringify({ name, group, description }));
  if (schema !== undefined) eventType.schema = await bytes(session, schema);
  if (example !== undefined) eventType.example = await bytes(session, example);
  const made = await session.client().eventTypes.createEventType({ eventType });
  session.out.say(`The event type ${made.name} is in the catalog.`);
  session.out.json(printJson(EventTypeSchema, made, 2));
}

async function bytes({ environment }: Session, path: string) {
  return new Uint8Array(await readWhole(environment, path));
}

async function remove(session: Session, name: string, isSure: boolean | undefined): Promise<void> {
  await confirmed(session, `Take ${name} out of the catalog?`, isSure);
  await session.client().eventTypes.deleteEventType({ name });
  session.out.say(`The event type ${name} is out of the catalog.`);
  session.out.json("{}");
}
