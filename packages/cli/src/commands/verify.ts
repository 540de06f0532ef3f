import { isCancel, password } from "@clack/prompts";
import {
  explainSignature,
  type Scheme,
  type Signature,
  type VerifyOptions,
} from "@posthorn/signature";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { exitCodes, Failure, misuse } from "../failure.ts";
import { readSecret, readWhole } from "../input/files.ts";
import { headers, oneOf, seconds, time, timeText } from "../input/parse.ts";
import type { Session } from "../session.ts";
import { examples } from "./help.ts";

interface VerifyCommandOptions {
  readonly scheme: Scheme;
  readonly secretFile?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly headersFile?: string;
  readonly body: string;
  readonly in?: string;
  readonly encoding?: "hex" | "base64";
  readonly prefix?: string;
  readonly secretIs?: "text" | "decoded";
  readonly algorithm?: "hmac-sha256" | "ed25519";
  readonly at?: string;
  readonly tolerance: number;
  readonly url?: string;
}

const schemes = [
  "standard",
  "svix",
  "standard-ed25519",
  "hmac",
  "timestamped-hmac",
  "rfc9421",
] as const;

/** verify: says whether a delivery is genuine, and if not, what keeps it from being. */
export function verifyCommand(root: Command, act: Act): void {
  root
    .command("verify")
    .description("check the signature of a delivery, and say what is wrong; asks no server")
    .option("--scheme <name>", schemes.join(", "), oneOf(...schemes), "standard")
    .option(
      "--secret-file <path>",
      "the webhook's secret, for Ed25519 its public key; else POSTHORN_WEBHOOK_SECRET",
    )
    .option("-H, --header <header>", "'Name: value' as it came; again for more", headers)
    .option("--headers-file <path>", "a header a line, as curl -D and logs have them")
    .option("--body <path>", "the body as it came; - is standard input", "-")
    .option("--in <name>", "of hmac and timestamped-hmac: the header that the signature stands in")
    .option("--encoding <name>", "of hmac: hex or base64", oneOf("hex", "base64"))
    .option("--prefix <text>", "of hmac: what stands before the digest, such as sha256=")
    .option(
      "--secret-is <what>",
      "the key is the secret's text, or what its base64 gives",
      oneOf("text", "decoded"),
    )
    .option("--algorithm <name>", "of rfc9421", oneOf("hmac-sha256", "ed25519"))
    .option("--url <url>", "of rfc9421: the URL that the webhook is registered with")
    .option("--at <time>", "when it came; else now", timeText)
    .option("--tolerance <time>", "how far the timestamp may lie from then", seconds, 300)
    .action(act(verify))
    .addHelpText(
      "after",
      examples(
        ["posthorn verify --secret-file secret.txt --headers-file headers.txt --body body.json"],
        [
          "posthorn verify --scheme hmac --in X-Acme-Signature -H 'X-Acme-Signature: 9f86...' --body body.json",
        ],
        ["posthorn verify --at 2026-11-21T13:21:00Z ...", "for a delivery of the past"],
      ),
    );
}

async function verify(session: Session, options: VerifyCommandOptions): Promise<number> {
  const { environment, out } = session;
  const received = { ...(await readHeaders(session, options)), ...options.header };
  if (Object.keys(received).length === 0) throw misuse("which headers? Give --headers-file or -H");
  const body = await readWhole(environment, options.body);
  const secret = await readWebhookSecret(session, options);
  const at = options.at === undefined ? environment.now() : time(options.at, environment.now());
  const faults = explainSignature({
    ...signatureOf(options),
    secrets: [secret],
    headers: lowerCased(received),
    body,
    nowS: at.getTime() / 1_000,
    toleranceS: options.tolerance,
    request: { method: "POST", url: options.url ?? "" },
  } as VerifyOptions);
  const isGood = faults.length === 0;
  out.json(JSON.stringify({ ok: isGood, faults }, null, 2));
  if (isGood) out.say(`${out.style("green", "✓")} The signature is good.`);
  for (const { problem, advice } of faults) {
    out.say(`${out.style("red", "✗")} ${capital(problem)}.`, `  ${capital(advice)}.`);
  }
  return isGood ? exitCodes.done : exitCodes.refused;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function readHeaders({ environment }: Session, { headersFile }: VerifyCommandOptions) {
  if (headersFile === undefined) return {};
  const lines = (await readWhole(environment, headersFile)).toString().split(/\r?\n/);
  const pairs = lines.flatMap((line): [string, string][] => {
    const [, name, value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(line.trim()) ?? [];
    return name === undefined ? [] : [[name, value.trim()]];
  });
  return Object.fromEntries(pairs);
}

function lowerCased(received: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(received).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

async function readWebhookSecret({ environment, out }: Session, options: VerifyCommandOptions) {
  const { secretFile, body } = options;
  if (secretFile === "-" && body === "-")
    throw misuse("standard input can hold the body or the secret, not both");
  if (secretFile !== undefined) return await readSecret(environment, secretFile);
  const given = environment.env["POSTHORN_WEBHOOK_SECRET"];
  if (given) return given;
  if (!out.isInteractive || environment.stdin.isTTY !== true) {
    throw misuse("which secret? Give --secret-file or POSTHORN_WEBHOOK_SECRET");
  }
  const answer = await password({ message: "The webhook's secret" });
  if (isCancel(answer)) throw new Failure(exitCodes.interrupted, "Stopped");
  return answer.trim();
}

function signatureOf(options: VerifyCommandOptions): Signature {
  const { scheme, encoding, prefix, algorithm } = options;
  const secretEncoding = options.secretIs === undefined ? {} : { secretEncoding: options.secretIs };
  switch (scheme) {
    case "standard":
    case "svix":
    case "standard-ed25519":
      return { scheme };
    case "hmac": {
      const form = { ...(encoding && { encoding }), ...(prefix !== undefined && { prefix }) };
      return { scheme, header: headerOf(options), ...form, ...secretEncoding };
    }
    case "timestamped-hmac":
      return { scheme, header: headerOf(options), ...secretEncoding };
    case "rfc9421":
      if (options.url === undefined) throw misuse("--url is needed: rfc9421 signs it");
      return { scheme, ...(algorithm && { algorithm }), ...secretEncoding };
  }
}

function headerOf({ scheme, in: header }: VerifyCommandOptions): string {
  if (header !== undefined) return header;
  throw misuse(
    `--in is needed: ${scheme} stands in a header of the provider's own, such as X-Acme-Signature`,
  );
}
