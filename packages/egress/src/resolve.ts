import { Resolver } from "node:dns/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isNotFound, type Resolve } from "./name-answer.ts";
import { nameWatch } from "./name-watch.ts";
import { ExchangeError } from "./outcome.ts";

/** How long the slower family may take once the other has answered (RFC 8305, section 3). */
const resolutionDelayMs = 50;

/**
 * Asks the machine's name servers for A and AAAA. It is not getaddrinfo: that one holds a thread of
 * Node's few while a name server is silent, so that a handful of dead names would stop all others.
 * Hence /etc/hosts and search domains count for nothing. `nameServers` (`address` or `address:port`)
 * are asked instead of the machine's.
 */
export function systemResolver(nameServers: readonly string[] = []): {
  readonly resolve: Resolve;
  close(): void;
} {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  if (nameServers.length > 0) resolver.setServers(nameServers);
  return { resolve, close: () => resolver.cancel() };

  async function resolve(hostname: string): Promise<readonly string[]> {
    const asked = [resolver.resolve6(hostname), resolver.resolve4(hostname)];
    const settled = Promise.allSettled(asked);
    const first = await Promise.any(asked).catch(rethrowWorst);
    const late = new AbortController();
    const others = await Promise.race([
      settled,
      sleep(resolutionDelayMs, undefined, { signal: late.signal, ref: false }).catch(() => {}),
    ]);
    late.abort();
    if (others === undefined) return first;
    return others.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  }
}

function rethrowWorst(error: unknown): never {
  const each: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  // A name server's trouble with one family outweighs the other family's "no such record".
  throw each.find((one) => !isNotFound(one)) ?? each[0];
}

interface Negative {
  readonly error: ExchangeError;
  readonly untilMs: number;
}

/**
 * Puts bounds on a resolver: each name is asked once at a time, for at most `timeoutMs`; a failure
 * is remembered for `negativeMs` and for 1,000 names at most, an answer never, since each connection
 * must check anew. Rejects with an ExchangeError, which says whether the name or all name servers are
 * the trouble. `now` is monotonic, in milliseconds.
 */
export function boundedResolve(options: {
  resolve: Resolve;
  timeoutMs: number;
  negativeMs: number;
  now: () => number;
}): Resolve {
  const { resolve, timeoutMs, negativeMs, now } = options;
  const asking = new Map<string, Promise<readonly string[]>>();
  const failed = new Map<string, Negative>();
  const watch = nameWatch(resolve, now);
  return (hostname) => {
    const negative = failed.get(hostname);
    if (negative !== undefined && now() < negative.untilMs) return Promise.reject(negative.error);
    const known = asking.get(hostname);
    if (known !== undefined) return known;
    const answer = ask(hostname).finally(() => asking.delete(hostname));
    asking.set(hostname, answer);
    return answer;
  };

  async function ask(hostname: string): Promise<readonly string[]> {
    try {
      const addresses = await within(timeoutMs, resolve(hostname));
      if (addresses.length === 0) throw notFound();
      failed.delete(hostname);
      watch.onFound(hostname);
      return addresses;
    } catch (cause) {
      const error = await blamed(toExchangeError(cause), hostname);
      remember(hostname, { error, untilMs: now() + negativeMs });
      throw error;
    }
  }

  async function blamed(error: ExchangeError, hostname: string): Promise<ExchangeError> {
    if (error.failure === "dns_not_found" || !(await watch.areAllSilent(hostname))) return error;
    const message = `no name server answers, also for names that were found before: ${error.message}`;
    return new ExchangeError("no_name_server", message, error.cause);
  }

  function remember(hostname: string, negative: Negative): void {
    failed.delete(hostname);
    failed.set(hostname, negative);
    const [oldest] = failed.keys();
    if (failed.size > negativeCountMax && oldest !== undefined) failed.delete(oldest);
  }
}

const negativeCountMax = 1_000;

async function within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  const done = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: done.signal }).then(() => {
    throw new ExchangeError("dns_timeout", `no name server answered within ${timeoutMs} ms`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => {});
    answer.catch(() => {});
    done.abort();
  }
}

function toExchangeError(cause: unknown): ExchangeError {
  if (cause instanceof ExchangeError) return cause;
  if (isNotFound(cause)) return notFound(cause);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "no reason given";
  if (code === "ETIMEOUT")
    return new ExchangeError("dns_timeout", "no name server answered", cause);
  return new ExchangeError("dns_failed", `the name server failed: ${code}`, cause);
}

function notFound(cause?: unknown): ExchangeError {
  return new ExchangeError("dns_not_found", "the name has no address", cause);
}
