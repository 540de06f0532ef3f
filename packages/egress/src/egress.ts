import { Agent, Pool } from "undici";
import { addressPolicy } from "./address-policy.ts";
import { Connection } from "./connection.ts";
import type { DialDeps } from "./dial.ts";
import { Exchange, type ExchangeEnd } from "./exchange.ts";
import { formProblem, isFraming } from "./header-rule.ts";
import type { Resolve } from "./name-answer.ts";
import { outcomes } from "./outcome.ts";
import { boundedResolve, systemResolver } from "./resolve.ts";
import type { EgressRequest, EgressResult } from "./result.ts";
import { tlsContext } from "./secure.ts";
import { type Abandonable, stopWatch } from "./stop-watch.ts";
import { targetCache } from "./target-cache.ts";
import { checkTarget, type Target, type UrlPolicy } from "./url-policy.ts";

const headBytesMax = 16 * 1024;
/** Short, since a receiver that closes an idle connection may do so while a request is on its way. */
const idleMs = 4_000;
/** For receivers that promise more by `Keep-Alive: timeout=`. */
const promisedIdleMsMax = 30_000;
/** Below the schedule's first delay of 5 s: a second attempt asks anew. */
const dnsNegativeMs = 4_000;
const targetCountMax = 10_000;

/** How a sender is made. */
export interface EgressOptions {
  readonly policy: UrlPolicy;
  /** Connections to one origin at a time; more requests wait, within their time-out. Default 1,024. */
  readonly connectionsPerOriginMax?: number;
  /** Bounds TCP and TLS, each. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Default 5,000. */
  readonly dnsTimeoutMs?: number;
  /** Asked instead of the machine's: `address` or `address:port`. */
  readonly nameServers?: readonly string[];
  /** Replaces asking name servers; what it gives is vetted all the same. */
  readonly resolve?: Resolve;
  /** Never dialled, whatever the policy says: Posthorn's own addresses, ranges, `address:port`. */
  readonly refuseAddresses?: readonly string[];
  /** Authorities (PEM) that are trusted beside Node's. */
  readonly ca?: readonly string[];
}

/** The only way out: one POST, one result. */
export interface Egress {
  /**
   * Sends one POST: never follows a redirect, never decompresses, never repeats. Whatever the
   * receiver or the network does is a result. It rejects with the signal's reason when given up, and
   * with a plain Error for a header that cannot be sent or after `close`.
   */
  send(request: EgressRequest): Promise<EgressResult>;
  /** Waits for what is under way, at most its time-outs, and closes all connections. */
  close(): Promise<void>;
}

/** Makes a sender. Throws a plain Error when a range of the policy is malformed. */
export function egress(options: EgressOptions): Egress {
  const addresses = addressPolicy({
    allowCidrs: options.policy.allowCidrs,
    refuse: options.refuseAddresses ?? [],
  });
  const { allowHttp } = options.policy;
  const targetOf = targetCache((url) => checkTarget(url, { addresses, allowHttp }), targetCountMax);
  const system = systemResolver(options.nameServers);
  const resolve = boundedResolve({
    resolve: options.resolve ?? system.resolve,
    timeoutMs: options.dnsTimeoutMs ?? 5_000,
    negativeMs: dnsNegativeMs,
    now,
  });
  const connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
  const context = tlsContext(options.ca ?? []);
  const agent = connections(
    { addresses, resolve, context, connectTimeoutMs, now },
    options.connectionsPerOriginMax ?? 1_024,
  );
  const stops = stopWatch();
  let closing: Promise<void> | undefined;
  return { send, close };

  function send(request: EgressRequest): Promise<EgressResult> {
    // What is thrown in here rejects.
    return new Promise((onResult, onDefect) => {
      request.signal?.throwIfAborted();
      const target = targetOf(request.url);
      if ("problem" in target) onResult(refusedUrl(target.problem));
      else exchange(target, request, { onResult, onDefect });
    });
  }

  function exchange(target: Target, request: EgressRequest, owner: ExchangeEnd): void {
    const { signal, timeoutMs, body } = request;
    const headers = flatten(request.headers);
    const end: ExchangeEnd = {
      onResult(result) {
        finish();
        owner.onResult(result);
      },
      onDefect(error) {
        finish();
        owner.onDefect(error);
      },
    };
    const one = new Exchange(end, now);
    const deadline = setTimeout(() => one.expire(timeoutMs), timeoutMs);
    const watch: Abandonable = { giveUp, place: 0 };
    if (signal !== undefined) stops.watch(signal, watch);
    agent.dispatch(
      { origin: target.origin, path: target.path, method: "POST", headers, body },
      one,
    );

    function finish(): void {
      clearTimeout(deadline);
      if (signal !== undefined) stops.forget(signal, watch);
    }

    function giveUp(): void {
      end.onDefect(signal?.reason);
      one.giveUp();
    }
  }

  function close(): Promise<void> {
    closing ??= agent.close().finally(system.close);
    return closing;
  }
}

/** Gives undici's agent over connections of ours; it reads no proxy from the environment. */
export function connections(deps: DialDeps, perOriginMax: number): Agent {
  return new Agent({
    factory: (origin, options) =>
      new Pool(origin, {
        ...options,
        connections: perOriginMax,
        factory: (poolOrigin, clientOptions) => new Connection(poolOrigin, clientOptions, deps),
      }),
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: headBytesMax,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: promisedIdleMsMax,
    // The exchange's own deadline covers both; these two would only cost timers.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

function now(): number {
  return performance.now();
}

function flatten(headers: Readonly<Record<string, string>>): string[] {
  const list: string[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name] ?? "";
    const problem = isFraming(name) ? "it frames the message" : formProblem(name, value);
    if (problem !== undefined)
      throw new Error(`cannot send header ${name.slice(0, 40)}: ${problem}`);
    list.push(name, value);
  }
  return list;
}

function refusedUrl(problem: string): EgressResult {
  return {
    outcome: outcomes.url_refused,
    failure: "url_refused",
    error: problem,
    statusCode: 0,
    responseHeaders: {},
    responseBody: new Uint8Array(0),
    responseTruncated: false,
    remoteAddress: "",
    timings: {},
    durationMs: 0,
  };
}
