import type { Transport } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";

/** A transport to a service that is composed later. */
export interface LateTransport {
  /** Until it leads anywhere, its calls fail as `unavailable`. */
  readonly transport: Transport;
  /** Says where it leads. */
  lead(to: Transport): void;
}

/** Gives a transport that leads nowhere yet: two services that call each other need one. */
export function lateTransport(): LateTransport {
  let target: Transport | undefined;
  const known = (): Transport => {
    if (target === undefined) throw new AppError("unavailable", "the service is not there yet");
    return target;
  };
  return {
    transport: {
      unary: async (...call) => known().unary(...call),
      stream: async (...call) => known().stream(...call),
    },
    lead(to) {
      target = to;
    },
  };
}
