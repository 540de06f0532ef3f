import { checkSecret } from "@posthorn/signature";
import { type ProviderSettings, signaturesOf } from "./provider.ts";
import { isAsymmetric, takesText } from "./signature.ts";

const textPattern = /^[ -~]{8,256}$/;

/**
 * Gives what is wrong with a secret that a customer chose (undefined: nothing), in words that never
 * repeat it. Every signature of the provider must be able to take it as its key.
 */
export function secretProblem(provider: ProviderSettings, secret: string): string | undefined {
  const shared = signaturesOf(provider).filter((signature) => !isAsymmetric(signature));
  if (!shared.every(takesText)) return checkSecret(secret)?.problem;
  return textPattern.test(secret) ? undefined : "must be 8 to 256 printable ASCII characters";
}
