import { isAsymmetric, type Signature } from "../scheme.ts";
import { checkSecret, type SecretProblem, verifyingBytes } from "../secret.ts";
import type { VerifyOptions } from "../verify.ts";
import type { Guess, SignatureFault } from "./fault.ts";

/** Tells whether a message of that signature can be verified with a secret or public key at all. */
export function isUsable(secret: string, signature: Signature): boolean {
  return secretProblem(secret, signature) === undefined;
}

/** Says which secrets are none, or that there are none. */
export function secretFaults(options: VerifyOptions): readonly SignatureFault[] {
  if (options.secrets.length === 0) {
    const advice = "give the webhook's secret; for Ed25519 one of its publicKeys";
    return [{ reason: "secret_missing", problem: "there is no secret to verify with", advice }];
  }
  return options.secrets.flatMap((secret) => {
    const problem = secretProblem(secret, options);
    if (problem === undefined) return [];
    return [{ reason: "secret_malformed", problem: problem.problem, advice: formOf(options) }];
  });
}

/** What secrets may have been before they were copied, quoted, or cut. */
export function secretGuesses(options: VerifyOptions): readonly Guess[] {
  const spellings = isText(options) ? textSpellings : base64Spellings;
  return spellings.map(({ problem, mend }) => ({
    faults: [{ reason: "secret_form", problem, advice: "use the secret exactly as it was shown" }],
    options: { ...options, secrets: options.secrets.map(mend) },
  }));
}

interface Spelling {
  readonly problem: string;
  mend(secret: string): string;
}

const prefix = "whsec_";
const trimmed: Spelling = {
  problem: "the secret has white space or quotes around it",
  mend: (secret) => secret.replace(/^[\s"']+|[\s"']+$/g, ""),
};
const textSpellings: readonly Spelling[] = [
  trimmed,
  { problem: `the secret lacks its ${prefix}`, mend: (secret) => prefix + trimmed.mend(secret) },
  {
    problem: `the secret begins with a ${prefix} that it does not have`,
    mend: (secret) => trimmed.mend(secret).replace(prefix, ""),
  },
];
const base64Spellings: readonly Spelling[] = [
  trimmed,
  {
    problem: `the secret is not written as ${prefix} and base64 with padding`,
    mend(secret) {
      const [, head = prefix, body = ""] = /^(wh[a-z]+_)?(.*)$/s.exec(trimmed.mend(secret)) ?? [];
      return head + Buffer.from(body, "base64").toString("base64");
    },
  },
];

function isText(options: Signature): boolean {
  const encoding = "secretEncoding" in options ? (options.secretEncoding ?? "text") : "text";
  const isStandard = options.scheme === "standard" || options.scheme === "svix";
  return !isStandard && !isAsymmetric(options) && encoding === "text";
}

function secretProblem(secret: string, signature: Signature): SecretProblem | undefined {
  if (!isAsymmetric(signature)) return checkSecret(secret, signature);
  const bytes = verifyingBytes(secret);
  return bytes instanceof Uint8Array ? undefined : bytes;
}

function formOf(signature: Signature): string {
  if (isAsymmetric(signature)) return "use one of the webhook's publicKeys, which begin with whpk_";
  return "use the whole secret as it was shown when the webhook was made or its secret rotated";
}
