import { delivery, readJson } from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { number, oneOf, time, timeText } from "../input/parse.ts";
import { shortTime, stateStyle } from "../output/output.ts";
import type { Session } from "../session.ts";
import { examples } from "./help.ts";
import { type PageOptions, showList, withPages } from "./pages.ts";
import { showReplay } from "./replay-view.ts";

interface CreateOptions {
  readonly webhook: string;
  readonly filter: string;
  readonly after: string;
  readonly before?: string;
  readonly to?: string;
  readonly perSecond?: number;
}

const id = "rpl_01m7z48vzwfj6akwy6r1ftckjv";
const webhook = "wh_01m7z48vxxftwt9arhb4cxmnte";

/** replays create, list, get, pause, resume, cancel. */
export function replayCommands(root: Command, act: Act): void {
  const group = root.command("replays").description("jobs that send events of the past again");
  group
    .command("create")
    .description("send a webhook's events again: what failed, what is missing, or all")
    .requiredOption("--webhook <id>", "whose events")
    .requiredOption(
      "--after <time>",
      "accepted since: a time, or how long ago, such as 2h",
      timeText,
    )
    .option("--before <time>", "accepted before; else now", timeText)
    .option(
      "--filter <which>",
      "FAILED, MISSING or ALL",
      oneOf("FAILED", "MISSING", "ALL"),
      "FAILED",
    )
    .option("--to <webhook>", "another webhook to send to")
    .option("--per-second <number>", "how many a second, at most", number)
    .action(act(create))
    .addHelpText(
      "after",
      examples(
        [`posthorn replays create --webhook ${webhook} --after 2h`, "what failed in an outage"],
        [
          `posthorn replays create --webhook ${webhook} --after 7d --filter MISSING --per-second 20`,
        ],
      ),
    );
  withPages(group.command("list"))
    .description("list replays, newest first")
    .option("--webhook <id>", "only those of this webhook's events")
    .action(act(list))
    .addHelpText("after", examples(["posthorn replays list"]));
  for (const [verb, what] of [
    ["get", "show a replay and how far it is"],
    ["pause", "make no more deliveries for now"],
    ["resume", "let a paused replay go on"],
    ["cancel", "end a replay and what waits of it"],
  ] as const) {
    group
      .command(`${verb} <id>`)
      .description(what)
      .action(act((session, _, [replay = ""]) => ask(session, `${verb}Replay`, replay)))
      .addHelpText("after", examples([`posthorn replays ${verb} ${id}`]));
  }
}

async function create(session: Session, options: CreateOptions): Promise<void> {
  const rfc3339 = (text: string | undefined) =>
    text && time(text, session.environment.now()).toISOString();
  const workspace = await session.workspace();
  const text = JSON.stringify({
    workspace,
    webhook: options.webhook,
    filter: options.filter,
    after: rfc3339(options.after),
    before: rfc3339(options.before),
    toWebhook: options.to,
    perSecond: options.perSecond,
  });
  const request = readJson(delivery.CreateReplayRequestSchema, text);
  showReplay(session.out, await session.client().replays.createReplay(request));
}

async function list(session: Session, options: PageOptions & { webhook?: string }): Promise<void> {
  const workspace = await session.workspace();
  const { replays } = session.client();
  await showList(session, options, {
    response: delivery.ListReplaysResponseSchema,
    field: "replays",
    item: delivery.ReplaySchema,
    async ask(page) {
      const of = options.webhook ?? "";
      const answer = await replays.listReplays({ workspace, webhook: of, ...page });
      return { items: answer.replays, nextPageToken: answer.nextPageToken };
    },
    columns: [
      { title: "ID", of: (replay) => replay.id },
      { title: "STATE", of: ({ state }) => state, style: stateStyle },
      { title: "OF", of: ({ filter }) => filter },
      { title: "WEBHOOK", of: (replay) => replay.webhook },
      { title: "MADE", of: ({ createdCount }) => createdCount },
      { title: "SUCCEEDED", of: ({ succeededCount }) => succeededCount },
      { title: "FAILED", of: ({ failedCount }) => failedCount },
      { title: "CREATED", of: ({ createTime }) => shortTime(createTime) },
    ],
    none: "There is no replay.",
  });
}

type Verb = "getReplay" | "pauseReplay" | "resumeReplay" | "cancelReplay";

async function ask(session: Session, verb: Verb, replay: string): Promise<void> {
  const workspace = await session.workspace();
  showReplay(session.out, await session.client().replays[verb]({ workspace, replay }));
}
