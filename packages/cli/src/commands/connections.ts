import { jsonOf, printJson, subscription } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { shortTime, stateStyle } from "../output/output.ts";
import type { Session } from "../session.ts";
import { confirmed } from "./confirm.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";

const { ConnectionSchema } = subscription;
const id = "conn_01m7z48vxxftwt9arhb4cxmnte";

/** connections list, get, create, start-sync, complete-sync, delete. */
export function connectionCommands(root: Command, act: Act): void {
  const group = root.command("connections").description("sources of events inside a workspace");
  withPages(group.command("list"))
    .description("list the workspace's connections, newest first")
    .action(act(list))
    .addHelpText("after", examples(["posthorn connections list"]));
  group
    .command("get <id>")
    .description("show a connection")
    .action(act((session, _, [connection = ""]) => ask(session, "getConnection", connection)))
    .addHelpText("after", examples([`posthorn connections get ${id}`]));
  group
    .command("create <integration>")
    .description("make a connection, whose first sync runs from now on")
    .option("--name <text>", "what people see")
    .action(
      act<{ name?: string }>((session, { name }, [integration = ""]) =>
        create(session, integration, name),
      ),
    )
    .addHelpText("after", examples(['posthorn connections create shopify --name "My shop"']));
  group
    .command("start-sync <id>")
    .description("say that a sync has begun")
    .action(act((session, _, [connection = ""]) => ask(session, "startSync", connection)))
    .addHelpText("after", examples([`posthorn connections start-sync ${id}`]));
  group
    .command("complete-sync <id>")
    .description("say that a sync is complete; the first one silences events until then")
    .action(act((session, _, [connection = ""]) => ask(session, "completeSync", connection)))
    .addHelpText("after", examples([`posthorn connections complete-sync ${id}`]));
  group
    .command("delete <id>")
    .description("delete a connection; events that name it are refused from then on")
    .option("-y, --yes", "without asking")
    .action(
      act<{ yes?: boolean }>((session, { yes }, [connection = ""]) =>
        remove(session, connection, yes),
      ),
    )
    .addHelpText("after", examples([`posthorn connections delete ${id} --yes`]));
}

async function list(session: Session, options: PageOptions): Promise<void> {
  const workspace = await session.workspace();
  const { connections } = session.client();
  await showList(session, options, {
    response: subscription.ListConnectionsResponseSchema,
    field: "connections",
    item: ConnectionSchema,
    async ask(page) {
      const { connections: items, nextPageToken } = await connections.listConnections({
        workspace,
        ...page,
      });
      return { items, nextPageToken };
    },
    columns: [
      { title: "ID", of: (connection) => connection.id },
      { title: "INTEGRATION", of: ({ integrationName }) => integrationName },
      { title: "NAME", of: ({ displayName }) => displayName },
      { title: "SYNC", of: ({ syncState }) => syncState, style: stateStyle },
      { title: "CREATED", of: ({ createTime }) => shortTime(createTime) },
    ],
    none: "There is no connection yet: posthorn connections create INTEGRATION makes one.",
  });
}

async function ask(
  session: Session,
  method: "getConnection" | "startSync" | "completeSync",
  connection: string,
) {
  const workspace = await session.workspace();
  show(session, await session.client().connections[method]({ workspace, connection }));
}

async function create(session: Session, integrationName: string, displayName = ""): Promise<void> {
  const workspace = await session.workspace();
  const connection = { integrationName, displayName };
  show(session, await session.client().connections.createConnection({ workspace, connection }));
}

function show({ out }: Session, message: subscription.Connection): void {
  out.json(printJson(ConnectionSchema, message, 2));
  const connection = jsonOf(ConnectionSchema, message);
  out.fields([
    ["id", connection.id],
    ["integration", connection.integrationName],
    ["name", connection.displayName],
    ["sync", connection.syncState],
    ["first sync", shortTime(connection.firstSyncCompleteTime) ?? "runs"],
    ["created", shortTime(connection.createTime)],
  ]);
}

async function remove(session: Session, connection: string, isSure: boolean | undefined) {
  await confirmed(session, `Delete the connection ${connection}?`, isSure);
  const workspace = await session.workspace();
  await session.client().connections.deleteConnection({ workspace, connection });
  session.out.say(`The connection ${connection} is deleted.`);
  session.out.json("{}");
}
