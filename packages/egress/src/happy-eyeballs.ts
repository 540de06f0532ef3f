import { connect, isIPv6, type Socket } from "node:net";
import { ExchangeError } from "./outcome.ts";
import { isOutOfSockets } from "./own-fault.ts";
import { onStop } from "./stop.ts";

/** When the next address is tried while one has not answered (RFC 8305, section 5). */
const attemptDelayMs = 250;
const addressCountMax = 8;

/** A TCP connection and where it leads. */
export interface Dialled {
  readonly socket: Socket;
  readonly address: string;
}

/**
 * Connects to the first of the addresses that answers, IPv6 and IPv4 in turn, a new one every
 * 250 ms or as soon as one fails; at most 8 of them. It dials exactly these addresses and asks no
 * resolver. Rejects with an ExchangeError, also when `signal`
 * aborts, and leaves no socket behind.
 */
export function dialFirst(options: {
  addresses: readonly string[];
  port: number;
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<Dialled> {
  const { port, timeoutMs } = options;
  const waiting = interleave(options.addresses).slice(0, addressCountMax);
  const open = new Set<Socket>();
  return new Promise((resolve, reject) => {
    let next: NodeJS.Timeout | undefined;
    let lastError: Error | undefined;
    const deadline = setTimeout(() => {
      fail(new ExchangeError("connect_timeout", `no connection within ${timeoutMs} ms`));
    }, timeoutMs);
    const forget = onStop(options.signal, fail);
    tryNext();

    function tryNext(): void {
      clearTimeout(next);
      const address = waiting.shift();
      if (address === undefined) {
        if (open.size === 0) fail(refused(lastError));
        return;
      }
      next = setTimeout(tryNext, attemptDelayMs);
      const socket = connect({ host: address, port, noDelay: true, autoSelectFamily: false });
      open.add(socket);
      socket.once("connect", () => succeed(socket, address));
      socket.once("error", (error) => {
        lastError = error;
        if (open.delete(socket)) tryNext();
      });
    }

    function succeed(socket: Socket, address: string): void {
      open.delete(socket);
      socket.removeAllListeners("connect");
      // Until the next owner listens, an error must not end the process.
      socket.on("error", () => {});
      end();
      resolve({ socket, address });
    }

    function fail(error: ExchangeError): void {
      end();
      reject(error);
    }

    function end(): void {
      clearTimeout(deadline);
      clearTimeout(next);
      forget();
      waiting.length = 0;
      for (const socket of open) socket.destroy();
      open.clear();
    }
  });
}

function refused(cause: Error | undefined): ExchangeError {
  const code = cause !== undefined && "code" in cause ? String(cause.code) : "no address left";
  if (isOutOfSockets(cause)) {
    return new ExchangeError("no_socket", `this machine can open no socket: ${code}`, cause);
  }
  return new ExchangeError("connect_failed", `cannot connect: ${code}`, cause);
}

function interleave(addresses: readonly string[]): string[] {
  const v6 = addresses.filter((address) => isIPv6(address));
  const v4 = addresses.filter((address) => !isIPv6(address));
  const rounds = Array.from({ length: Math.max(v6.length, v4.length) });
  return rounds.flatMap((_, index) => [v6[index], v4[index]].filter((one) => one !== undefined));
}
