import { noMatch } from "../message.ts";
import { type VerifyOptions, verify } from "../verify.ts";
import { bodyFault, bodyGuesses } from "./body.ts";
import { encodingGuesses } from "./encoding.ts";
import type { Guess, SignatureFault } from "./fault.ts";
import { headerFaults } from "./header.ts";
import { isUsable, secretFaults, secretGuesses } from "./secret.ts";
import { timestampFaults } from "./timestamp.ts";
import { urlFaults, urlGuesses } from "./url.ts";

/**
 * Tells in words what keeps a message from being verified; empty = nothing, exactly when `verify`
 * takes it by one of the secrets that are well-formed. For people who look for a mistake: it tries
 * what is often done wrong, up to some hundred digests of the body. Receivers call `verify`.
 */
export function explainSignature(options: VerifyOptions): readonly SignatureFault[] {
  const unreadable = urlFaults(options);
  if (unreadable.length > 0) return unreadable;
  if (isGenuine(options)) return [];
  const missing = headerFaults(options);
  if (missing.length > 0) return [...missing, ...secretFaults(options)];
  const late = timestampFaults(options);
  if (late.some(({ reason }) => reason === "timestamp_malformed")) {
    return [...late, ...secretFaults(options)];
  }
  const timeless = { ...options, nowS: 0, toleranceS: Number.POSITIVE_INFINITY };
  return isGenuine(timeless) ? late : [...faultsOf(timeless), ...late];
}

function faultsOf(options: VerifyOptions): readonly SignatureFault[] {
  const found = guessesOf(options).find((guess) => isGenuine(guess.options));
  if (found !== undefined) return found.faults;
  const secrets = secretFaults(options);
  if (secrets.length > 0) return secrets;
  const result = verify(options);
  const { problem } = "problem" in result ? result : noMatch;
  const isForm = problem !== noMatch.problem && !problem.startsWith("content-digest");
  return [isForm ? malformed(problem) : (bodyFault(options, problem) ?? mismatch(options))];
}

/** One thing changed at a time, then secret and body together. */
function guessesOf(options: VerifyOptions): readonly Guess[] {
  const ofSecret = secretGuesses(options);
  const others = [bodyGuesses, encodingGuesses, urlGuesses].flatMap((guesses) => guesses(options));
  return [...ofSecret, ...others, ...ofSecret.flatMap(withBodyGuesses)];
}

function withBodyGuesses(guess: Guess): readonly Guess[] {
  return bodyGuesses(guess.options).map(({ faults, options }) => ({
    faults: [...guess.faults, ...faults],
    options,
  }));
}

function isGenuine(options: VerifyOptions): boolean {
  const secrets = options.secrets.filter((secret) => isUsable(secret, options));
  return "ok" in verify({ ...options, secrets });
}

function malformed(problem: string): SignatureFault {
  const advice = "compare the headers with those that were sent, character by character";
  return { reason: "header_malformed", problem, advice };
}

function mismatch({ scheme }: VerifyOptions): SignatureFault {
  if (scheme === "rfc9421") {
    return {
      reason: "secret_or_url",
      problem: "the body is as it was signed, but the signature is by another secret or URL",
      advice:
        "take the present secret of this very webhook, and the URL that it is registered with",
    };
  }
  return {
    reason: "secret_or_body",
    problem: "the signature is by another secret, or of another body",
    advice:
      "take the present secret of this very webhook, and the bytes of the body as they came, before any parsing",
  };
}
