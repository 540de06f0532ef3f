import { AppError, invalid } from "@posthorn/errors";
import { overlapping, type ProviderSettings } from "./provider.ts";

/** How long the old secret signs beside the new one when the caller does not say. */
const overlapDefaultMs = 24 * 60 * 60 * 1_000;

/**
 * How long delivery may act on what it knew before a change (milliseconds): as long an answer
 * waits that promises that nothing is signed with the old secret any more.
 */
export const oldKnowledgeMs = 1_000;

const oldSecretsMax = 4;

/**
 * Gives how long the old secret signs on, of what the caller asked for (undefined: nothing). Where
 * no signature has room for two, or the provider has it so, it ends at once; throws `invalid` when
 * more was asked for.
 */
export function overlapOf(provider: ProviderSettings, askedMs: number | undefined): number {
  const problem = overlapProblem(provider);
  if (problem === undefined) return askedMs ?? overlapDefaultMs;
  if (askedMs === undefined || askedMs === 0) return 0;
  throw invalid("overlap", `must be 0s: ${problem}`);
}

function overlapProblem(provider: ProviderSettings): string | undefined {
  if (overlapping(provider) === "none") return "the provider's signatures hold one value only";
  if (provider.secrets.rotation === "AT_ONCE") return "the provider's secrets rotate at once";
  return undefined;
}

/** Tells whether some signature is made with the new secret alone from the answer on. */
export function isAtOnce(provider: ProviderSettings, overlapMs: number): boolean {
  return overlapMs === 0 || overlapping(provider) !== "all";
}

/** Throws `precondition` when more old secrets would sign than receivers should have to try. */
export function checkOldSecrets(count: number): void {
  if (count <= oldSecretsMax) return;
  throw new AppError(
    "precondition",
    `${oldSecretsMax} old secrets of this webhook still sign: wait, or rotate with overlap 0s`,
  );
}
