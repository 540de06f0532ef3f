import { jsonOf, printJson, subscription } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { shortTime } from "../output/output.ts";
import type { Session } from "../session.ts";
import { confirmed } from "./confirm.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";

const { WorkspaceSchema } = subscription;

/** workspaces list, get, create, delete. */
export function workspaceCommands(root: Command, act: Act): void {
  const group = root.command("workspaces").description("the provider's customers (operator key)");
  withPages(group.command("list"))
    .description("list the workspaces, newest first")
    .action(act(list))
    .addHelpText("after", examples(["posthorn workspaces list"]));
  group
    .command("get [name]")
    .description("show a workspace, by id or alias; else the one that commands take")
    .action(act((session, _, [name]) => get(session, name)))
    .addHelpText("after", examples(["posthorn workspaces get acme"]));
  group
    .command("create <alias>")
    .description("add a workspace")
    .option("--name <text>", "what people see")
    .action(
      act<{ name?: string }>((session, { name }, [alias = ""]) => create(session, alias, name)),
    )
    .addHelpText("after", examples(['posthorn workspaces create acme --name "Acme Inc."']));
  group
    .command("delete <name>")
    .description("delete a workspace with its webhooks and keys")
    .option("-y, --yes", "without asking")
    .action(act<{ yes?: boolean }>((session, { yes }, [name = ""]) => remove(session, name, yes)))
    .addHelpText("after", examples(["posthorn workspaces delete acme --yes"]));
}

async function list(session: Session, options: PageOptions): Promise<void> {
  const { workspaces } = session.client();
  await showList(session, options, {
    response: subscription.ListWorkspacesResponseSchema,
    field: "workspaces",
    item: WorkspaceSchema,
    async ask(page) {
      const { workspaces: items, nextPageToken } = await workspaces.listWorkspaces(page);
      return { items, nextPageToken };
    },
    columns: [
      { title: "ID", of: ({ id }) => id },
      { title: "ALIAS", of: ({ alias }) => alias },
      { title: "SHOWN AS", of: ({ displayName }) => displayName },
      { title: "CREATED", of: ({ createTime }) => shortTime(createTime) },
    ],
    none: "There is no workspace yet: the first webhook or event that names one makes it.",
  });
}

async function get(session: Session, name: string | undefined): Promise<void> {
  const workspace = name ?? (await session.workspace());
  show(session, await session.client().workspaces.getWorkspace({ workspace }));
}

async function create(session: Session, alias: string, displayName = ""): Promise<void> {
  const workspace = { alias, displayName };
  show(session, await session.client().workspaces.createWorkspace({ workspace }));
}

function show({ out }: Session, workspace: subscription.Workspace): void {
  out.json(printJson(WorkspaceSchema, workspace, 2));
  const { id, alias, displayName, createTime } = jsonOf(WorkspaceSchema, workspace);
  out.fields([
    ["id", id],
    ["alias", alias],
    ["shown as", displayName],
    ["created", shortTime(createTime)],
  ]);
}

async function remove(session: Session, workspace: string, isSure: boolean | undefined) {
  const question = `Delete the workspace ${workspace} with its webhooks and keys?`;
  await confirmed(session, question, isSure);
  await session.client().workspaces.deleteWorkspace({ workspace });
  session.out.say(`The workspace ${workspace} is deleted.`);
  session.out.json("{}");
}
