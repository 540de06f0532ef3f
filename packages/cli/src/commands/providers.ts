import { extname } from "node:path";
import { create, jsonOf, printJson, subscription } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { exitCodes } from "../failure.ts";
import { readWhole, shown } from "../input/files.ts";
import { type Column, shortTime } from "../output/output.ts";
import { plainLine } from "../output/plain.ts";
import type { Session } from "../session.ts";
import { confirmed } from "./confirm.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";

interface ApplyOptions {
  readonly allowBreaking?: boolean;
}

/** providers apply, diff, validate, list, get, delete. */
export function providerCommands(root: Command, act: Act): void {
  const group = root
    .command("providers")
    .description("who sends: catalog, envelopes, signatures and policies, from files (admin key)");
  group
    .command("apply <file>")
    .description("create or change a provider by its file; doing it again changes nothing")
    .option("--allow-breaking", "although webhooks that are in use break")
    .action(act<ApplyOptions>((session, options, [file = ""]) => apply(session, file, options)))
    .addHelpText(
      "after",
      examples(
        ["posthorn providers apply deploy/providers/tracktile.yaml"],
        ["posthorn providers apply - < acme.json", "JSON or YAML from standard input"],
        ["posthorn providers apply acme.yaml --allow-breaking", "after looking at the diff"],
      ),
    );
  group
    .command("diff <file>")
    .description("show what applying a file would change and break; changes nothing")
    .action(act((session, _, [file = ""]) => diff(session, file)))
    .addHelpText("after", examples(["posthorn providers diff acme.yaml"]));
  group
    .command("validate <files...>")
    .description("check files as applying them would; changes nothing")
    .action(act((session, _, files) => validate(session, files)))
    .addHelpText("after", examples(["posthorn providers validate deploy/providers/*.yaml"]));
  withPages(group.command("list"))
    .description("list the providers")
    .action(act(list))
    .addHelpText("after", examples(["posthorn providers list"]));
  group
    .command("get [name]")
    .description("show a provider; with an operator key its own")
    .action(act((session, _, [name]) => get(session, name)))
    .addHelpText(
      "after",
      examples(["posthorn providers get tracktile"], ["posthorn providers get --json"]),
    );
  group
    .command("delete <name>")
    .description("delete a provider that has no workspaces")
    .option("-y, --yes", "without asking")
    .action(act<{ yes?: boolean }>((session, { yes }, [name = ""]) => remove(session, name, yes)))
    .addHelpText("after", examples(["posthorn providers delete acme --yes"]));
}

type Answer = Awaited<ReturnType<typeof send>>;

async function send(
  session: Session,
  path: string,
  options: { validateOnly: boolean; allowBreaking: boolean },
) {
  const data = new Uint8Array(await readWhole(session.environment, path));
  const file = { contentType: contentType(path, data), data };
  return await session.client("admin").providers.applyProvider({ file, ...options });
}

/** By the file's name, else by how it begins. */
function contentType(path: string, data: Uint8Array): string {
  const extension = extname(path).toLowerCase();
  const isJson =
    extension === ".json" || (path === "-" && /^\s*\{/.test(Buffer.from(data).toString()));
  return isJson ? "application/json" : "application/yaml";
}

async function apply(session: Session, path: string, { allowBreaking = false }: ApplyOptions) {
  const { out } = session;
  const answer = await send(session, path, { validateOnly: false, allowBreaking });
  out.json(answerJson(answer));
  const name = answer.provider?.name ?? "";
  if (answer.operatorKey !== "") {
    out.say(
      `The provider ${name} is made. Its first operator key, shown this once:`,
      answer.operatorKey,
    );
    return;
  }
  if (answer.changes.length === 0) return out.say(`The provider ${name} is as the file has it.`);
  showDiff(session, answer);
  out.say(`The provider ${name} is changed (revision ${answer.provider?.revision}).`);
}

async function diff(session: Session, path: string): Promise<void> {
  const { out } = session;
  const answer = await send(session, path, { validateOnly: true, allowBreaking: true });
  out.json(answerJson(answer));
  const name = answer.provider?.name ?? "";
  if (answer.changes.length === 0)
    return out.say(`Applying it changes nothing: ${name} is as the file has it.`);
  showDiff(session, answer);
}

function showDiff({ out }: Session, { diff, changes, breaking }: Answer): void {
  for (const { field, before, after } of diff) {
    out.say(out.style("bold", plainLine(field)));
    if (before !== "") out.say(out.style("red", `  - ${plainLine(before)}`));
    if (after !== "") out.say(out.style("green", `  + ${plainLine(after)}`));
  }
  const told = new Set(diff.map(({ field }) => field));
  for (const change of changes) {
    const isTold = [...told].some((field) => field === change || field.startsWith(`${change}.`));
    if (!isTold) out.say(out.style("bold", plainLine(change)));
  }
  for (const sentence of breaking) out.say(out.style("red", `breaks: ${plainLine(sentence)}`));
}

async function validate(session: Session, paths: readonly string[]): Promise<void> {
  const { out } = session;
  const checked: {
    file: string;
    provider: string;
    changes: number;
    breaking: readonly string[];
  }[] = [];
  for (const path of paths) {
    const answer = await send(session, path, { validateOnly: true, allowBreaking: true }).catch(
      (error: unknown) => Promise.reject(inFile(error, path)),
    );
    const provider = answer.provider?.name ?? "";
    out.say(`${shown(path)} is a good file of the provider ${provider}.`);
    checked.push({
      file: path,
      provider,
      changes: answer.changes.length,
      breaking: answer.breaking,
    });
  }
  out.json(JSON.stringify({ files: checked }, null, 2));
}

/** Says which of several files it is about. */
function inFile(error: unknown, path: string): unknown {
  if (error instanceof Error && error.name === "PosthornError")
    error.message = `${shown(path)}: ${error.message}`;
  return error;
}

function answerJson(answer: Answer): string {
  const schema = subscription.ApplyProviderResponseSchema;
  return printJson(schema, create(schema, answer), 2);
}

type ProviderJson = subscription.ProviderJson;

const columns: readonly Column<ProviderJson>[] = [
  { title: "NAME", of: ({ name }) => name },
  { title: "SHOWN AS", of: ({ displayName }) => displayName },
  { title: "KEYS BEGIN", of: ({ keyPrefix }) => keyPrefix || "ph_" },
  { title: "REVISION", of: ({ revision }) => revision },
  { title: "CHANGED", of: ({ updateTime }) => shortTime(updateTime) },
];

async function list(session: Session, options: PageOptions): Promise<void> {
  const { providers } = session.client("admin");
  await showList(session, options, {
    response: subscription.ListProvidersResponseSchema,
    field: "providers",
    item: subscription.ProviderSchema,
    async ask(page) {
      const { providers: items, nextPageToken } = await providers.listProviders(page);
      return { items, nextPageToken };
    },
    columns,
    none: "There is no provider yet: posthorn providers apply FILE makes one.",
  });
}

async function get(session: Session, name: string | undefined): Promise<void> {
  const { out } = session;
  const schema = subscription.ProviderSchema;
  const provider =
    name === undefined
      ? await session.client().providers.getOwnProvider({})
      : await session.client("admin").providers.getProvider({ provider: name });
  out.json(printJson(schema, provider, 2));
  const shown = jsonOf(schema, provider);
  out.fields([
    ["name", shown.name],
    ["shown as", shown.displayName],
    ["user agent", shown.userAgent],
    ["keys begin", shown.keyPrefix || "ph_"],
    [
      "signatures",
      shown.signatures
        ?.map(({ scheme, header }) => (header ? `${scheme} in ${header}` : scheme))
        .join(", "),
    ],
    ["envelopes", shown.envelopes?.map(({ version }) => version).join(", ")],
    ["webhooks", `at most ${shown.webhooksPerWorkspaceMax || 50} a workspace`],
    ["unknown types", shown.unknownEventTypes === "CREATE" ? "are added" : "are refused"],
    ["also serves", shown.compat && `the REST API of ${shown.compat}`],
    ["revision", shown.revision],
    ["created", shortTime(shown.createTime)],
    ["changed", shortTime(shown.updateTime)],
  ]);
}

async function remove(session: Session, name: string, isSure: boolean | undefined) {
  await confirmed(session, `Delete the provider ${name}?`, isSure);
  await session.client("admin").providers.deleteProvider({ provider: name });
  session.out.say(`The provider ${name} is deleted.`);
  session.out.json("{}");
  return exitCodes.done;
}
