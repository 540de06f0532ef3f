import { confirm, isCancel } from "@clack/prompts";
import { exitCodes, Failure, misuse } from "../failure.ts";
import type { Session } from "../session.ts";

/** Asks a person whether it is meant. Throws Failure where nobody can be asked, and for a no. */
export async function confirmed(
  { environment, out }: Session,
  question: string,
  isSure: boolean | undefined,
): Promise<void> {
  if (isSure === true) return;
  if (!out.isInteractive || environment.stdin.isTTY !== true) {
    throw misuse(`${question} Add --yes to say so`);
  }
  const answer = await confirm({ message: question, initialValue: false });
  if (isCancel(answer) || !answer) throw new Failure(exitCodes.interrupted, "Nothing was changed");
}
