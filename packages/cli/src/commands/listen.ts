import { delivery, printJson } from "@posthorn/client";
import { newSecret } from "@posthorn/signature";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { exitCodes, misuse } from "../failure.ts";
import { readSecret } from "../input/files.ts";
import { texts } from "../input/parse.ts";
import { type Answer, forward } from "../listen/forward.ts";
import { toSignature } from "../listen/signatures.ts";
import { keysOf, signedHeaders } from "../listen/signed.ts";
import { watchEvents } from "../listen/watch-events.ts";
import { plain, plainLine } from "../output/plain.ts";
import { readProfiles, withProfile, writeProfiles } from "../profile/profiles.ts";
import type { Session } from "../session.ts";
import { examples } from "./help.ts";

interface ListenOptions {
  readonly to?: string;
  readonly on: readonly string[];
  readonly payloadVersion?: string;
  readonly secretFile?: string;
}

/** listen: stands in for a receiver, and hands what it gets to a program on this machine. */
export function listenCommand(root: Command, act: Act): void {
  root
    .command("listen")
    .description(
      "forward a workspace's events to a program on this machine, without a public URL, until Ctrl-C",
    )
    .option(
      "--to <place>",
      "where: a port, port/path, host:port/path or URL; else they are printed",
    )
    .option("--on <types>", "event types: exact names or prefix.*; else all", texts, [])
    .option("--payload-version <name>", "which of the provider's payload versions; else the newest")
    .option("--secret-file <path>", "sign with this secret; else with one that the profile keeps")
    .action(act(listen))
    .addHelpText(
      "after",
      examples(
        ["posthorn listen --to 3000/webhooks"],
        ["posthorn listen --to http://localhost:3000/webhooks --on 'order.*'"],
        ["posthorn listen --json", "each event, a line, and nothing is forwarded"],
      ),
    );
}

async function listen(session: Session, options: ListenOptions): Promise<number> {
  const { out, stop, environment } = session;
  const url = options.to === undefined ? undefined : urlOf(options.to);
  const workspace = await session.workspace();
  const secret = await secretOf(session, options);
  const request = { workspace, eventTypes: [...options.on], version: options.payloadVersion ?? "" };
  const events = watchEvents(session.client(), request, {
    stop,
    onOn: ({ signatures }) => tellOn(session, { url, workspace, secret, signatures }),
    onBroken: ({ message }) =>
      out.note(
        `The stream broke: ${message}. Events of meanwhile are not forwarded; trying again ...`,
      ),
  });
  for await (const message of events) {
    if (url === undefined) showEvent(session, message);
    else {
      const headers = signedHeaders(message, { url, secret, now: environment.now() });
      tellAnswer(session, message, await forward(url, { headers, body: message.body }, stop));
    }
  }
  return exitCodes.done;
}

/** Gives the URL that a place stands for: this machine, unless it names another. */
function urlOf(place: string): string {
  const [, port, path = ""] = /^(\d{1,5})(\/.*)?$/.exec(place) ?? [];
  const text =
    port !== undefined
      ? `http://127.0.0.1:${port}${path}`
      : place.includes("://")
        ? place
        : `http://${place}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href;
  throw misuse(
    `--to: ${place} must be a port, port/path, host:port/path or URL, such as 3000/webhooks`,
  );
}

/** A program under test keeps its settings if the secret stays the same. */
async function secretOf(session: Session, { secretFile }: ListenOptions): Promise<string> {
  const { environment, profile, profileName, profilesPath } = session;
  if (secretFile !== undefined) return await readSecret(environment, secretFile);
  if (profile?.listenSecret !== undefined) return profile.listenSecret;
  const listenSecret = newSecret();
  if (profile === undefined) return listenSecret;
  const profiles = await readProfiles(profilesPath);
  const { current } = profiles;
  const kept = withProfile(profiles, profileName, { ...profile, listenSecret });
  await writeProfiles(profilesPath, { ...kept, current });
  return listenSecret;
}

function tellOn(
  { out, server }: Session,
  on: {
    url: string | undefined;
    workspace: string;
    secret: string;
    signatures: delivery.WatchedEvent["signatures"];
  },
): void {
  const { url, workspace, secret } = on;
  const target = url === undefined ? "and printing them" : `and forwarding them to ${url}`;
  out.note(`Listening to the events of ${workspace} at ${server} ${target}. Ctrl-C ends it.`);
  if (url === undefined) return;
  const { publicKey } = keysOf(secret, on.signatures.map(toSignature));
  const ways = on.signatures.map((signature) => toSignature(signature).scheme).join(", ");
  out.note(
    ways === "" ? "They are not signed." : `They are signed (${ways}) with the secret ${secret}`,
  );
  if (publicKey !== undefined) out.note(`The public key of Ed25519 is ${publicKey}`);
}

function showEvent({ out }: Session, message: delivery.WatchedEvent): void {
  const { event, body } = message;
  out.json(printJson(delivery.WatchedEventSchema, message));
  out.say(
    `${out.style("bold", plainLine(event?.type ?? ""))}  ${event?.id}`,
    plain(Buffer.from(body).toString()),
    "",
  );
}

function tellAnswer({ out }: Session, { event }: delivery.WatchedEvent, answer: Answer): void {
  const isGood = "statusCode" in answer && answer.statusCode >= 200 && answer.statusCode < 300;
  const mark = isGood ? out.style("green", "✓") : out.style("red", "✗");
  const what = "statusCode" in answer ? String(answer.statusCode) : answer.problem;
  out.say(
    `${mark} ${plainLine(event?.type ?? "")}  ${event?.id}  ${plainLine(what)} in ${answer.tookMs} ms`,
  );
  out.json(JSON.stringify({ event: event?.id, type: event?.type, ...answer }));
}
