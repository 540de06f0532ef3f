import { stat } from "node:fs/promises";
import {
  type PosthornClient,
  PosthornError,
  posthornClient,
  subscription,
  timestampDate,
} from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { type ExitCode, exitCodes } from "../failure.ts";
import { exitCodeOf, wordsOf } from "../failure-words.ts";
import { type Session, userAgent } from "../session.ts";
import { examples } from "./help.ts";

/** One thing that was looked at. */
interface Check {
  readonly name: string;
  readonly status: "good" | "notice" | "bad";
  readonly words: string;
  /** Of a bad one. */
  readonly exitCode?: ExitCode;
}

const answerMsMax = 5_000;
const clockMsMax = 30_000;
const lateMsMax = 60_000;

/** doctor: looks at what usually is wrong, from the profile to the lag of deliveries. */
export function doctorCommand(root: Command, act: Act): void {
  root
    .command("doctor")
    .description("look for what is wrong: profile, server, key, clock, deliveries")
    .action(act(doctor))
    .addHelpText("after", examples(["posthorn doctor"], ["posthorn doctor --json"]));
}

async function doctor(session: Session): Promise<number> {
  const { out } = session;
  const checks: Check[] = [];
  for await (const check of examine(session)) {
    checks.push(check);
    const mark = {
      good: out.style("green", "✓"),
      notice: out.style("yellow", "!"),
      bad: out.style("red", "✗"),
    };
    out.say(`${mark[check.status]} ${check.name.padEnd(11)}${check.words}`);
  }
  const bad = checks.find(({ status }) => status === "bad");
  out.json(JSON.stringify({ ok: bad === undefined, checks }, null, 2));
  return bad?.exitCode ?? (bad ? exitCodes.refused : exitCodes.done);
}

async function* examine(session: Session): AsyncGenerator<Check> {
  yield await ofProfile(session);
  const server = await ofServer(session);
  yield server.check;
  if (server.check.status === "bad") return;
  if (server.date !== undefined) yield ofClock(session, server.date);
  if (session.key === undefined && session.adminKey === undefined) {
    yield bad("key", "none is known: posthorn login, or POSTHORN_API_KEY", exitCodes.key);
    return;
  }
  const client = session.key === undefined ? undefined : session.client();
  if (client !== undefined) yield* ofKey(session, client);
  const { key, adminKey } = session;
  if (adminKey !== undefined && adminKey !== key) yield await ofAdminKey(session, adminKey);
}

async function ofProfile({ profile, profileName, profilesPath }: Session): Promise<Check> {
  if (profile === undefined) return notice("profile", "none: settings and options alone count");
  const { mode } = await stat(profilesPath);
  return good("profile", `${profileName} in ${profilesPath} (mode ${(mode & 0o777).toString(8)})`);
}

async function ofServer({ server }: Session): Promise<{ check: Check; date?: Date }> {
  const startedAtMs = performance.now();
  try {
    const answer = await fetch(`${server}/readyz`, { signal: AbortSignal.timeout(answerMsMax) });
    const tookMs = Math.round(performance.now() - startedAtMs);
    const date = new Date(answer.headers.get("date") ?? Number.NaN);
    const told = Number.isNaN(date.getTime()) ? {} : { date };
    if (answer.ok) return { check: good("server", `${server} is ready (${tookMs} ms)`), ...told };
    if (answer.status === 503)
      return {
        check: bad(
          "server",
          `${server} is not ready: it starts, stops, or lacks its database`,
          exitCodes.unavailable,
        ),
      };
    return {
      check: bad(
        "server",
        `${server} answers ${answer.status}: it is no Posthorn`,
        exitCodes.unavailable,
      ),
    };
  } catch (error) {
    const words = `${server} cannot be reached: ${wordsFor(error)}. Does Posthorn run there? See --server, or posthorn login`;
    return { check: bad("server", words, exitCodes.unavailable) };
  }
}

function wordsFor(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED") return "the connection is refused";
  if (code === "ENOTFOUND") return "there is no such host";
  if (error instanceof Error && error.name === "TimeoutError")
    return `no answer within ${answerMsMax / 1_000} s`;
  return cause instanceof Error ? cause.message : String(cause);
}

function ofClock({ environment }: Session, date: Date): Check {
  const apartMs = Math.abs(environment.now().getTime() - date.getTime());
  if (apartMs <= clockMsMax) return good("clock", "this machine's is the server's");
  const words = `this machine's is ${Math.round(apartMs / 1_000)} s off the server's: signatures may be refused as too old or too new`;
  return notice("clock", words);
}

async function* ofKey(session: Session, client: PosthornClient): AsyncGenerator<Check> {
  const own = await client.apiKeys.getOwnApiKey({}).catch(posthornError);
  if (own instanceof PosthornError) {
    if (own.reason === "forbidden") yield good("key", "the admin's");
    else yield failed("key", own, session);
    return;
  }
  const isOperators = own.workspace === "";
  yield good(
    "key",
    isOperators
      ? `an operator's of ${own.provider}`
      : `of the workspace ${own.workspace} (${own.scopes.join(", ")})`,
  );
  if (own.expireTime !== undefined) {
    const leftMs = timestampDate(own.expireTime).getTime() - session.environment.now().getTime();
    const days = Math.floor(leftMs / 86_400_000);
    if (days < 14) yield notice("key", `it ends in ${days} days`);
  }
  yield* ofWebhooks(session, { client, isOperators });
  if (isOperators) yield await ofDeliveries(session, client);
}

async function* ofWebhooks(
  session: Session,
  { client, isOperators }: { client: PosthornClient; isOperators: boolean },
): AsyncGenerator<Check> {
  const workspace = await session.workspace().catch(() => undefined);
  if (workspace === undefined) {
    yield notice("workspace", "none is chosen: --workspace, or posthorn login --workspace NAME");
    return;
  }
  const list = await client.webhooks
    .listWebhooks({ workspace, pageSize: 250 })
    .catch(posthornError);
  if (list instanceof PosthornError) {
    if (list.reason === "forbidden") yield notice("webhooks", "the key may not read them");
    else if (list.reason === "not_found" && isOperators) {
      yield notice(
        "workspace",
        `${workspace} is not there yet: its first webhook or event makes it`,
      );
    } else yield failed("workspace", list, session);
    return;
  }
  const ill = list.webhooks.filter(
    (webhook) =>
      webhook.state === subscription.Webhook_State.DISABLED ||
      (webhook.consecutiveFailures ?? 0) > 0,
  );
  const count = `${list.webhooks.length} in ${workspace}`;
  yield ill.length === 0
    ? good("webhooks", count)
    : notice(
        "webhooks",
        `${count}, of which ${ill.length} fail or are disabled: posthorn webhooks list`,
      );
}

async function ofDeliveries(session: Session, client: PosthornClient): Promise<Check> {
  const system = await client.system.getSystem({}).catch(posthornError);
  if (system instanceof PosthornError) return failed("deliveries", system, session);
  const nowMs = session.environment.now().getTime();
  const lateMs = system.oldestDue.map(({ dueTime }) =>
    dueTime ? nowMs - timestampDate(dueTime).getTime() : 0,
  );
  const unread = system.unreadEventCount ?? 0n;
  const problems = [
    ...(unread > 10_000n ? [`${unread} events are not read yet`] : []),
    ...(Math.max(0, ...lateMs) > lateMsMax
      ? [`the oldest that is due is ${Math.round(Math.max(...lateMs) / 1_000)} s late`]
      : []),
    ...(system.partitions.some(({ owner }) => owner === "") ? ["partitions have no owner"] : []),
    ...(system.parkedRecordCount > 0n
      ? [`${system.parkedRecordCount} records were put aside`]
      : []),
  ];
  return problems.length === 0
    ? good("deliveries", "nothing waits that should not")
    : notice("deliveries", problems.join("; "));
}

async function ofAdminKey(session: Session, key: string): Promise<Check> {
  const client = posthornClient({ url: session.server, key, userAgent });
  const answer = await client.providers.listProviders({ pageSize: 1 }).catch(posthornError);
  return answer instanceof PosthornError
    ? failed("admin key", answer, session)
    : good("admin key", "is taken");
}

function posthornError(error: unknown): PosthornError {
  if (error instanceof PosthornError) return error;
  throw error;
}

function failed(name: string, error: PosthornError, { server }: Session): Check {
  return bad(name, wordsOf(error, server).replace(/\.$/, ""), exitCodeOf(error));
}

function good(name: string, words: string): Check {
  return { name, status: "good", words };
}

function notice(name: string, words: string): Check {
  return { name, status: "notice", words };
}

function bad(name: string, words: string, exitCode: ExitCode): Check {
  return { name, status: "bad", words, exitCode };
}
