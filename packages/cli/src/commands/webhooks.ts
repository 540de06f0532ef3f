import { printJson, subscription } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { exitCodes } from "../failure.ts";
import { seconds, texts } from "../input/parse.ts";
import { stateStyle } from "../output/output.ts";
import type { Session } from "../session.ts";
import { confirmed } from "./confirm.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";
import { readWebhook, type WebhookOptions, withWebhookOptions } from "./webhook-options.ts";
import { showTestReport } from "./webhook-test.ts";
import { showWebhook } from "./webhook-view.ts";

const { WebhookSchema, Webhook_State } = subscription;
const id = "wh_01m7z48vxxftwt9arhb4cxmnte";

/** webhooks register, list, get, update, pause, resume, rotate, secret, test, delete. */
export function webhookCommands(root: Command, act: Act): void {
  const group = root.command("webhooks").description("where a workspace's events are sent");
  withWebhookOptions(group.command("register"), { isNew: true })
    .description("register a webhook; its signing secret is shown this once")
    .action(act(register))
    .addHelpText(
      "after",
      examples(
        [
          'posthorn webhooks register --name="My Webhook" --on="order.status.changed" --url="https://example.com/hooks"',
        ],
        [
          "posthorn webhooks register --url https://example.com/hooks --on 'order.*' --on invoice.paid",
        ],
        [
          `posthorn webhooks register --url https://example.com/all --filter "event.data.total > 100.0"`,
        ],
      ),
    );
  withPages(group.command("list"))
    .description("list the workspace's webhooks, newest first")
    .action(act(list))
    .addHelpText("after", examples(["posthorn webhooks list"], ["posthorn webhooks list --json"]));
  group
    .command("get <id>")
    .description("show a webhook and how its receiver fares")
    .action(act((session, _, [webhook = ""]) => get(session, webhook)))
    .addHelpText("after", examples([`posthorn webhooks get ${id}`]));
  withWebhookOptions(group.command("update <id>"), { isNew: false })
    .description("change what is given of a webhook, and nothing else")
    .option("--etag <text>", "only if it is still as it was then")
    .action(
      act<WebhookOptions & { etag?: string }>((session, options, [webhook = ""]) =>
        update(session, webhook, options),
      ),
    )
    .addHelpText(
      "after",
      examples(
        [`posthorn webhooks update ${id} --url https://example.com/new`],
        [`posthorn webhooks update ${id} --on all`, "every event type"],
      ),
    );
  group
    .command("pause <id>")
    .description("send nothing to a webhook until it is resumed")
    .action(
      act((session, _, [webhook = ""]) =>
        setState(session, webhook, { state: Webhook_State.PAUSED }),
      ),
    )
    .addHelpText("after", examples([`posthorn webhooks pause ${id}`]));
  group
    .command("resume <id>")
    .description("switch a webhook on again, also one that Posthorn has disabled")
    .option("--cancel-held", "end what waits for it, rather than send it now")
    .action(
      act<{ cancelHeld?: boolean }>((session, { cancelHeld = false }, [webhook = ""]) =>
        setState(session, webhook, { state: Webhook_State.ACTIVE, cancelHeld }),
      ),
    )
    .addHelpText(
      "after",
      examples(
        [`posthorn webhooks resume ${id}`],
        [`posthorn webhooks resume ${id} --cancel-held`],
      ),
    );
  group
    .command("rotate <id>")
    .description("make a new signing secret, shown this once")
    .option(
      "--overlap <time>",
      "how long the old one signs beside it, such as 24h; 0s: not at all",
      seconds,
    )
    .action(
      act<{ overlap?: number }>((session, { overlap }, [webhook = ""]) =>
        rotate(session, webhook, overlap),
      ),
    )
    .addHelpText(
      "after",
      examples([`posthorn webhooks rotate ${id}`], [`posthorn webhooks rotate ${id} --overlap 0s`]),
    );
  group
    .command("secret <id>")
    .description("show a signing secret again, where the provider lets customers read it")
    .action(act((session, _, [webhook = ""]) => secret(session, webhook)))
    .addHelpText("after", examples([`posthorn webhooks secret ${id}`]));
  group
    .command("test <id>")
    .description("send example events now and show the answers; exit code 1 when one failed")
    .option("--type <names>", "which event types; else those that the webhook names", texts)
    .action(
      act<{ type?: readonly string[] }>((session, { type }, [webhook = ""]) =>
        test(session, webhook, type),
      ),
    )
    .addHelpText(
      "after",
      examples(
        [`posthorn webhooks test ${id}`],
        [`posthorn webhooks test ${id} --type order.created`],
      ),
    );
  group
    .command("delete <id>")
    .description("delete a webhook; what waits for it is canceled")
    .option("-y, --yes", "without asking")
    .action(
      act<{ yes?: boolean }>((session, { yes }, [webhook = ""]) => remove(session, webhook, yes)),
    )
    .addHelpText("after", examples([`posthorn webhooks delete ${id} --yes`]));
}

async function register(session: Session, options: WebhookOptions): Promise<void> {
  const { webhook } = await readWebhook(session, options);
  const workspace = await session.workspace();
  const made = await session.client().webhooks.createWebhook({ workspace, webhook });
  session.out.say(`The webhook ${made.id} is registered.`, "");
  showWebhook(session.out, made);
}

async function list(session: Session, options: PageOptions): Promise<void> {
  const workspace = await session.workspace();
  const { webhooks } = session.client();
  await showList(session, options, {
    response: subscription.ListWebhooksResponseSchema,
    field: "webhooks",
    item: WebhookSchema,
    async ask(page) {
      const { webhooks: items, nextPageToken } = await webhooks.listWebhooks({
        workspace,
        ...page,
      });
      return { items, nextPageToken };
    },
    columns: [
      { title: "ID", of: (webhook) => webhook.id },
      { title: "NAME", of: ({ name }) => name },
      { title: "STATE", of: ({ state }) => state, style: stateStyle },
      { title: "ON", of: ({ eventTypes = [] }) => shortList(eventTypes) },
      { title: "URL", of: ({ url }) => url },
      {
        title: "FAILING",
        of: ({ consecutiveFailures = 0 }) =>
          consecutiveFailures > 0 ? `${consecutiveFailures} in a row` : "",
      },
    ],
    none: "There is no webhook yet: posthorn webhooks register --url URL makes one.",
  });
}

function shortList(eventTypes: readonly string[]): string {
  const [first = "all", ...more] = eventTypes;
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

async function get(session: Session, webhook: string): Promise<void> {
  const workspace = await session.workspace();
  showWebhook(session.out, await session.client().webhooks.getWebhook({ workspace, webhook }));
}

async function update(session: Session, id: string, options: WebhookOptions & { etag?: string }) {
  const { webhook, paths } = await readWebhook(session, options);
  const { etag = "" } = options;
  const workspace = await session.workspace();
  const changed = await session.client().webhooks.updateWebhook({
    workspace,
    webhook: { ...webhook, id, etag },
    updateMask: { paths: [...paths] },
  });
  showWebhook(session.out, changed);
}

async function setState(
  session: Session,
  id: string,
  { state, cancelHeld = false }: { state: subscription.Webhook_State; cancelHeld?: boolean },
): Promise<void> {
  const workspace = await session.workspace();
  const updateMask = { paths: ["state"] };
  const webhook = { id, state };
  const { webhooks } = session.client();
  const changed = await webhooks.updateWebhook({ workspace, webhook, updateMask, cancelHeld });
  const isOn = changed.state === Webhook_State.ACTIVE;
  session.out.say(
    isOn
      ? `The webhook ${id} is on.`
      : `The webhook ${id} is paused: posthorn webhooks resume ${id}`,
  );
  session.out.json(printJson(WebhookSchema, changed, 2));
}

async function rotate(session: Session, webhook: string, overlapS: number | undefined) {
  const workspace = await session.workspace();
  const overlap =
    overlapS === undefined ? {} : { overlap: { seconds: BigInt(Math.round(overlapS)), nanos: 0 } };
  const { webhooks } = session.client();
  const changed = await webhooks.rotateWebhookSecret({ workspace, webhook, ...overlap });
  session.out.json(printJson(WebhookSchema, changed, 2));
  session.out.fields([
    ["id", changed.id],
    ["secret", changed.secret && `${changed.secret}   (shown this once)`],
    ["public keys", changed.publicKeys.join("\n")],
  ]);
}

async function secret(session: Session, webhook: string): Promise<void> {
  const workspace = await session.workspace();
  const { webhooks } = session.client();
  const found = await webhooks.getWebhookSecret({ workspace, webhook });
  session.out.say(found.secret || "It has none: deliveries are not signed.");
  session.out.json(JSON.stringify({ secret: found.secret }));
}

async function test(session: Session, webhook: string, eventTypes: readonly string[] = []) {
  const workspace = await session.workspace();
  const { webhookTests } = session.client();
  const report = await webhookTests.testWebhook({
    workspace,
    webhook,
    eventTypes: [...eventTypes],
  });
  showTestReport(session.out, report);
  return report.testsFailed === 0 ? exitCodes.done : exitCodes.refused;
}

async function remove(session: Session, webhook: string, isSure: boolean | undefined) {
  await confirmed(session, `Delete the webhook ${webhook}?`, isSure);
  const workspace = await session.workspace();
  await session.client().webhooks.deleteWebhook({ workspace, webhook });
  session.out.say(`The webhook ${webhook} is deleted.`);
  session.out.json("{}");
}
