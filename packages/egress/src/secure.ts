import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { ExchangeError } from "./outcome.ts";
import { onStop } from "./stop.ts";

/**
 * Gives what every TLS connection shares: TLS 1.2 or newer, Node's authorities and `ca` (PEM) beside
 * them. Made once, since reading the authorities costs milliseconds.
 */
export function tlsContext(ca: readonly string[]): SecureContext {
  const authorities = ca.length === 0 ? {} : { ca: [...getCACertificates("default"), ...ca] };
  return createSecureContext({ minVersion: "TLSv1.2", ...authorities });
}

/**
 * Speaks TLS on a connection; resolves when the certificate is valid for the host. Rejects with an
 * ExchangeError, and then the connection is gone.
 */
export function secure(options: {
  socket: Socket;
  hostname: string;
  context: SecureContext;
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<Socket> {
  const { socket, hostname, context, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const name = isIP(hostname) === 0 ? { servername: hostname } : {};
    const tls = connect({
      socket,
      host: hostname,
      ...name,
      secureContext: context,
      ALPNProtocols: ["http/1.1"],
    });
    const deadline = setTimeout(() => {
      fail(new ExchangeError("tls_timeout", `no TLS handshake within ${timeoutMs} ms`));
    }, timeoutMs);
    const forget = onStop(options.signal, fail);
    tls.once("secureConnect", () => {
      clearTimeout(deadline);
      forget();
      resolve(tls);
    });
    // Stays for good: until the next owner listens, an error must not end the process.
    tls.on("error", (error) => {
      fail(new ExchangeError("tls_failed", `TLS failed: ${error.message}`, error));
    });

    function fail(error: ExchangeError): void {
      clearTimeout(deadline);
      forget();
      tls.destroy();
      socket.destroy();
      reject(error);
    }
  });
}
