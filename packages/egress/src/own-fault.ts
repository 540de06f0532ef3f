import type { EgressResult } from "./result.ts";

/** What the system says when this machine, not the receiver, has no way to connect. */
const socketCodes = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL", "ENETDOWN"]);

/** Tells whether an error of a socket says that this machine has none left, or no network. */
export function isOutOfSockets(error: unknown): boolean {
  return error instanceof Error && "code" in error && socketCodes.has(String(error.code));
}

/**
 * Tells whether an exchange failed by a fault of our own side: nothing can be concluded from it
 * about the receiver, which was not even reached for.
 */
export function isOwnFault({ failure }: Pick<EgressResult, "failure">): boolean {
  return failure === "no_socket" || failure === "no_name_server";
}
