import { AppError } from "@posthorn/errors";

/** How long the old secret signs beside the new one when the caller does not say. */
export const overlapDefaultMs = 24 * 60 * 60 * 1_000;

/**
 * How long delivery may act on what it knew before a change (milliseconds): as long an answer
 * waits that promises that nothing is signed with the old secret any more.
 */
export const oldKnowledgeMs = 1_000;

const oldSecretsMax = 4;

/** Throws `precondition` when more old secrets would sign than receivers should have to try. */
export function checkOldSecrets(count: number): void {
  if (count <= oldSecretsMax) return;
  throw new AppError(
    "precondition",
    `${oldSecretsMax} old secrets of this webhook still sign: wait, or rotate with overlap 0s`,
  );
}
