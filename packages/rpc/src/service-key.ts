import type { Transport } from "@connectrpc/connect";

/** Gives a transport whose calls show the service key; a caller's own key is replaced. */
export function withServiceKey(transport: Transport, serviceKey: string): Transport {
  const authorization = `Bearer ${serviceKey}`;
  const withKey = (header: ConstructorParameters<typeof Headers>[0]): Headers => {
    const headers = new Headers(header);
    headers.set("authorization", authorization);
    return headers;
  };
  return {
    unary: (method, signal, timeoutMs, header, input, values) =>
      transport.unary(method, signal, timeoutMs, withKey(header), input, values),
    stream: (method, signal, timeoutMs, header, input, values) =>
      transport.stream(method, signal, timeoutMs, withKey(header), input, values),
  };
}
