import { readJson, subscription } from "@posthorn/client";
import type { Command } from "commander";
import { misuse } from "../failure.ts";
import { readSecret } from "../input/files.ts";
import { count, headers, number, oneOf, pairs, seconds, texts } from "../input/parse.ts";
import type { Session } from "../session.ts";

/** What can be said of a webhook. */
export interface WebhookOptions {
  readonly url?: string;
  readonly name?: string;
  readonly description?: string;
  readonly on?: readonly string[];
  readonly filter?: string;
  readonly secretFile?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly payloadVersion?: string;
  readonly whenPaused?: string;
  readonly rate?: number;
  readonly inFlight?: number;
  readonly timeout?: number;
  readonly retries?: readonly string[];
  readonly ordered?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly paused?: boolean;
}

/** Adds the options that say what a webhook is. */
export function withWebhookOptions(command: Command, { isNew }: { isNew: boolean }): Command {
  const withUrl = isNew
    ? command.requiredOption("--url <url>", "where to send: https, a public host")
    : command.option("--url <url>", "where to send: https, a public host");
  const shared = withUrl
    .option("--name <text>", "what people see")
    .option("--description <text>", "what it is for")
    .option("--on <types>", "event types: exact names or prefix.*, by commas or again; all", texts)
    .option("--filter <cel>", "which of them: an expression over event.data, event.type ...")
    .option(
      "--secret-file <path>",
      "a secret of your own, where the provider allows it; - is standard input",
    )
    .option("--header <header>", "'Name: value' that deliveries carry; again for more", headers)
    .option("--payload-version <name>", "which of the provider's payload versions")
    .option(
      "--when-paused <what>",
      "what becomes of events meanwhile: skip or hold",
      oneOf("SKIP", "HOLD"),
    )
    .option("--rate <number>", "attempts a second, at most", number)
    .option("--in-flight <count>", "attempts under way at once, at most", count)
    .option("--timeout <time>", "how long one attempt may take: 1s to 30s", seconds)
    .option("--retries <waits>", "waits before further attempts, such as 5s,5m,1h", texts)
    .option("--metadata <pair>", "a note of yours: name=value; again for more", pairs)
    .option("--ordered", "one after the other for each ordering key");
  return isNew
    ? shared.option("--paused", "register it, and send nothing yet")
    : shared.option("--no-ordered", "as fast as it goes");
}

/** Gives the webhook that options describe, and the names of the fields that they give. */
export async function readWebhook(
  { environment }: Session,
  options: WebhookOptions,
): Promise<{ webhook: subscription.Webhook; paths: readonly string[] }> {
  const { secretFile } = options;
  const given = {
    url: options.url,
    name: options.name,
    description: options.description,
    event_types: options.on && (options.on.includes("all") ? [] : options.on),
    filter: options.filter,
    headers: options.header,
    version: options.payloadVersion,
    when_paused: options.whenPaused,
    rate_limit: options.rate === undefined ? undefined : { perSecond: options.rate },
    in_flight_max: options.inFlight,
    timeout: options.timeout === undefined ? undefined : `${options.timeout}s`,
    retry_policy: options.retries && { delays: options.retries.map((wait) => `${seconds(wait)}s`) },
    ordered: options.ordered,
    metadata: options.metadata,
    state: options.paused === true ? "PAUSED" : undefined,
    secret: secretFile === undefined ? undefined : await readSecret(environment, secretFile),
  };
  const paths = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : name));
  if (paths.length === 0)
    throw misuse("what is to be changed? Give an option such as --url or --on");
  return { webhook: readJson(subscription.WebhookSchema, JSON.stringify(given)), paths };
}
