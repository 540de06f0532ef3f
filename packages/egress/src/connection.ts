import { type buildConnector, Client, type Dispatcher } from "undici";
import { type DialDeps, type DialMarks, dial } from "./dial.ts";
import { ExchangeError } from "./outcome.ts";

const dialsPerRequestMax = 2;

/**
 * After this the next request is the last, so that a busy connection follows its name to new
 * addresses. undici's own clientTtl reads the clock for every open connection at each request.
 */
const ageMsMax = 60_000;

/** A request's handler that wants to know which connection carries it. */
export interface Carried extends Dispatcher.DispatchHandler {
  connection: Connection | undefined;
}

/**
 * One connection of undici's pool, which tells a request's handler about itself. It inherits because
 * undici's pool drives its clients through private symbols and tells nobody which one took a request.
 */
export class Connection extends Client {
  /** Of the latest dialling. */
  readonly progress: Progress;
  readonly #now: () => number;

  constructor(origin: URL, options: object, deps: DialDeps) {
    const progress = new Progress();
    super(origin, { ...options, connect: connector(deps, progress) });
    this.progress = progress;
    this.#now = deps.now;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) {
    if (isCarried(handler)) handler.connection = this;
    return super.dispatch(this.#isOld() ? { ...options, reset: true } : options, handler);
  }

  /** Stops dialling, if it is under way: the request that it was for is given up. */
  cancelDial(): void {
    this.progress.stop.abort();
  }

  #isOld(): boolean {
    const openedAtMs = this.progress.marks.connectAtMs;
    return openedAtMs !== undefined && this.#now() - openedAtMs > ageMsMax;
  }
}

/** What is known of a connection. */
class Progress {
  marks: DialMarks = { phase: "dns", address: "" };
  stop = new AbortController();
  /** How many requests this TCP connection has carried. */
  requestCount = 0;
  /** How often it was dialled since a request was last written. */
  dialCount = 0;
}

function isCarried(handler: Dispatcher.DispatchHandler): handler is Carried {
  return "connection" in handler;
}

function connector(deps: DialDeps, progress: Progress): buildConnector.connector {
  return ({ hostname, protocol, port }, callback) => {
    progress.marks = { phase: "dns", address: "" };
    progress.stop = new AbortController();
    progress.requestCount = 0;
    progress.dialCount += 1;
    if (progress.dialCount > dialsPerRequestMax) {
      // undici dials again, without end, for a receiver that closes before the request is written.
      const message = "the receiver closes each connection before the request is written";
      return callback(new ExchangeError("closed_before_answer", message), null);
    }
    const target = { hostname, protocol, port: Number(port || defaultPort(protocol)) };
    dial(deps, target, progress).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

function defaultPort(protocol: string): number {
  return protocol === "https:" ? 443 : 80;
}
