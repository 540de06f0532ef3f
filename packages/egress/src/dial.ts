import { isIP, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import type { AddressPolicy } from "./address-policy.ts";
import { dialFirst } from "./happy-eyeballs.ts";
import type { Resolve } from "./name-answer.ts";
import { ExchangeError } from "./outcome.ts";
import { secure } from "./secure.ts";
import { untilStopped } from "./stop.ts";

/** What dialling needs. */
export interface DialDeps {
  readonly addresses: AddressPolicy;
  readonly resolve: Resolve;
  readonly context: SecureContext;
  /** Bounds TCP's part and TLS's part each. */
  readonly connectTimeoutMs: number;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/** What a connection leads to. */
export interface DialTarget {
  /** A name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly protocol: string;
}

/** How far dialling is, and when each step ended on the clock of `now`. */
export interface DialMarks {
  phase: "dns" | "connect" | "tls" | "open";
  /** Undefined for an address, which needs no resolver. */
  dnsAtMs?: number;
  connectAtMs?: number;
  /** Undefined for plain http. */
  tlsAtMs?: number;
  /** The address that answered; empty before. */
  address: string;
}

/** What a dialling tells and hears. */
export interface Dialling {
  readonly marks: DialMarks;
  /** Ends it; what is open by then is closed. */
  readonly stop: AbortController;
}

/**
 * Opens one connection: resolves, vets every address (literals too), dials only what passed, speaks
 * TLS. Writes its progress into the marks. Rejects with an ExchangeError.
 */
export async function dial(
  deps: DialDeps,
  target: DialTarget,
  { marks, stop: { signal } }: Dialling,
): Promise<Socket> {
  const { hostname, port } = target;
  const found = await untilStopped(addressesOf(deps, hostname, marks), signal);
  const addresses = vet(deps, found, port);
  marks.phase = "connect";
  const timeoutMs = deps.connectTimeoutMs;
  const { socket, address } = await dialFirst({ addresses, port, timeoutMs, signal });
  marks.connectAtMs = deps.now();
  marks.address = address;
  if (target.protocol !== "https:") return opened(marks, socket);
  marks.phase = "tls";
  const tls = await secure({ socket, hostname, context: deps.context, timeoutMs, signal });
  marks.tlsAtMs = deps.now();
  return opened(marks, tls);
}

function opened(marks: DialMarks, socket: Socket): Socket {
  marks.phase = "open";
  return socket;
}

async function addressesOf(
  deps: DialDeps,
  hostname: string,
  marks: DialMarks,
): Promise<readonly string[]> {
  if (isIP(hostname) !== 0) return [hostname];
  const addresses = await deps.resolve(hostname);
  marks.dnsAtMs = deps.now();
  return addresses;
}

function vet(
  { addresses: policy }: DialDeps,
  addresses: readonly string[],
  port: number,
): readonly string[] {
  const vetted = addresses.filter((address) => policy.problem(address, port) === undefined);
  if (vetted.length > 0) return vetted;
  const problem = policy.problem(addresses[0] ?? "", port) ?? "";
  // The address itself stays unsaid: it may be one of the operator's network.
  throw new ExchangeError("address_refused", `the host leads nowhere we may send: ${problem}`);
}
