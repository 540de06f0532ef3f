import { printJson, subscription, timestampFromDate } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { texts, time, timeText } from "../input/parse.ts";
import { shortTime } from "../output/output.ts";
import type { Session } from "../session.ts";
import { confirmed } from "./confirm.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";

interface CreateOptions {
  readonly workspace?: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
}

const { ApiKeySchema } = subscription;

/** keys list, create, revoke. */
export function keyCommands(root: Command, act: Act): void {
  const group = root.command("keys").description("the provider's API keys (operator key)");
  withPages(group.command("list"))
    .description("list keys, newest first; never the keys themselves")
    .action(act(list))
    .addHelpText("after", examples(["posthorn keys list"]));
  group
    .command("create")
    .description("make a key, which is shown once: of --workspace with scopes, else an operator's")
    .option(
      "--scope <names>",
      "webhooks, webhooks:read, events:publish, deliveries, deliveries:read, secrets",
      texts,
    )
    .option("--expires <time>", "when it ends by itself, such as +30d", timeText)
    .action(act(create))
    .addHelpText(
      "after",
      examples(
        ["posthorn keys create --workspace acme --scope webhooks,deliveries:read"],
        ["posthorn keys create --expires +90d", "an operator's key"],
      ),
    );
  group
    .command("revoke <id>")
    .description("end a key; it is refused everywhere within 5 seconds")
    .option("-y, --yes", "without asking")
    .action(act<{ yes?: boolean }>((session, { yes }, [id = ""]) => revoke(session, id, yes)))
    .addHelpText("after", examples(["posthorn keys revoke key_01m7z48vxxftwt9arhb4cxmnte --yes"]));
}

async function list(session: Session, options: PageOptions): Promise<void> {
  const { apiKeys } = session.client();
  await showList(session, options, {
    response: subscription.ListApiKeysResponseSchema,
    field: "apiKeys",
    item: ApiKeySchema,
    async ask(page) {
      const { apiKeys: items, nextPageToken } = await apiKeys.listApiKeys(page);
      return { items, nextPageToken };
    },
    columns: [
      { title: "ID", of: ({ id }) => id },
      { title: "BEGINS", of: ({ hint }) => hint },
      { title: "WORKSPACE", of: ({ workspace }) => workspace || "all (operator)" },
      { title: "SCOPES", of: ({ scopes }) => scopes?.join(", ") },
      { title: "CREATED", of: ({ createTime }) => shortTime(createTime) },
      { title: "EXPIRES", of: ({ expireTime }) => shortTime(expireTime) },
    ],
    none: "There is no key.",
  });
}

async function create(session: Session, options: CreateOptions): Promise<void> {
  const { out, environment } = session;
  const { workspace = "", scope = [], expires } = options;
  const expireTime =
    expires === undefined
      ? {}
      : { expireTime: timestampFromDate(time(expires, environment.now())) };
  const made = await session
    .client()
    .apiKeys.createApiKey({ workspace, scopes: [...scope], ...expireTime });
  out.json(printJson(ApiKeySchema, made, 2));
  out.fields([
    ["id", made.id],
    ["workspace", made.workspace || "all (operator)"],
    ["scopes", made.scopes.join(", ")],
    ["key", `${made.key}   (shown this once)`],
  ]);
}

async function revoke(
  session: Session,
  apiKey: string,
  isSure: boolean | undefined,
): Promise<void> {
  await confirmed(session, `Revoke the key ${apiKey}?`, isSure);
  await session.client().apiKeys.deleteApiKey({ apiKey });
  session.out.say(`The key ${apiKey} is revoked.`);
  session.out.json("{}");
}
