import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Carried, Connection } from "./connection.ts";
import { failureOf, type Stage } from "./failure.ts";
import { type FailureCode, outcomes } from "./outcome.ts";
import { ResponseBody } from "./response-body.ts";
import type { EgressResult, Timings } from "./result.ts";

const informationalCountMax = 16;
const abandoned = new Error("the exchange is over");

/** What one exchange tells its owner; called once. */
export interface ExchangeEnd {
  onResult(result: EgressResult): void;
  /** The request could not even be tried: a defect of the caller. */
  onDefect(error: Error): void;
}

/** One POST on its way: gathers what undici reports into one result. */
export class Exchange implements Carried {
  connection: Connection | undefined = undefined;
  readonly #end: ExchangeEnd;
  readonly #now: () => number;
  readonly #startedAtMs: number;
  readonly #body = new ResponseBody();
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  #isReused = false;
  #hasAnswered = false;
  #informationalCount = 0;
  #firstByteAtMs: number | undefined;
  #statusCode = 0;
  #headers: IncomingHttpHeaders = {};

  constructor(end: ExchangeEnd, now: () => number) {
    this.#end = end;
    this.#now = now;
    this.#startedAtMs = now();
  }

  /** Ends the exchange because its time is up. */
  expire(timeoutMs: number): void {
    if (this.#body.isTruncated) this.#finish();
    else this.#fail("deadline", `no full answer within ${timeoutMs} ms; ${this.#waitedFor()}`);
  }

  /** Ends the exchange without a result; its connection is cut. */
  giveUp(): void {
    this.#isOver = true;
    this.#cut();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(abandoned);
    const progress = this.connection?.progress;
    if (progress === undefined) return;
    this.#isReused = progress.requestCount > 0;
    progress.requestCount += 1;
    progress.dialCount = 0;
  }

  onResponseStarted(): void {
    this.#firstByteAtMs ??= this.#now();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (statusCode >= 200) {
      this.#statusCode = statusCode;
      this.#headers = headers;
      return;
    }
    this.#informationalCount += 1;
    if (this.#informationalCount > informationalCountMax) {
      const message = `more than ${informationalCountMax} informational answers and no final one`;
      this.#fail("too_many_informational", message);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#body.take(chunk)) this.#finish();
  }

  onResponseEnd(): void {
    this.#hasAnswered = true;
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    const failure = failureOf(error, this.#stage());
    if (failure === undefined) {
      this.#isOver = true;
      this.#end.onDefect(error);
    } else {
      this.#fail(failure.code, failure.message);
    }
  }

  #stage(): Stage {
    if (this.#statusCode > 0) return "in_body";
    return this.#firstByteAtMs === undefined ? "before_answer" : "in_head";
  }

  #waitedFor(): string {
    if (this.#statusCode > 0) return "the body had not ended";
    if (this.#firstByteAtMs !== undefined) return "the head had not ended";
    if (this.#controller !== undefined) return "the request was sent";
    const phase = this.connection?.progress.marks.phase ?? "open";
    return phase === "open" ? "no connection was free" : `the connection was in ${phase}`;
  }

  #fail(code: FailureCode, message: string): void {
    this.#settle({ outcome: outcomes[code], error: message, failure: code });
  }

  #finish(): void {
    const isSuccess = this.#statusCode >= 200 && this.#statusCode <= 299;
    this.#settle({ outcome: isSuccess ? "SUCCEEDED" : "HTTP_ERROR", error: "" });
  }

  #settle(verdict: Pick<EgressResult, "outcome" | "error" | "failure">): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const result = {
      ...verdict,
      statusCode: this.#statusCode,
      responseHeaders: joined(this.#headers),
      responseBody: this.#body.bytes(),
      responseTruncated: this.#body.isTruncated,
      remoteAddress: this.connection?.progress.marks.address ?? "",
      timings: this.#timings(),
      durationMs: this.#now() - this.#startedAtMs,
    };
    if (this.#hasAnswered) {
      this.#tellWhenFree(result);
    } else {
      this.#end.onResult(result);
      this.#cut();
    }
  }

  #cut(): void {
    if (this.#controller === undefined) this.connection?.cancelDial();
    else this.#controller.abort(abandoned);
  }

  /**
   * undici lets go of a connection one turn of the event loop after the answer. Whoever sends again
   * upon the result would get a second connection if it were told at once.
   */
  #tellWhenFree(result: EgressResult): void {
    void Promise.resolve().then(() => setImmediate(tell, this.#end, result));
  }

  #timings(): Timings {
    const marks = this.#isReused ? undefined : this.connection?.progress.marks;
    const timings: { -readonly [K in keyof Timings]: Timings[K] } = {};
    if (marks?.dnsAtMs !== undefined) timings.dnsMs = this.#since(marks.dnsAtMs);
    if (marks?.connectAtMs !== undefined) timings.connectMs = this.#since(marks.connectAtMs);
    if (marks?.tlsAtMs !== undefined) timings.tlsMs = this.#since(marks.tlsAtMs);
    if (this.#firstByteAtMs !== undefined) timings.firstByteMs = this.#since(this.#firstByteAtMs);
    return timings;
  }

  #since(atMs: number): number {
    return Math.max(0, atMs - this.#startedAtMs);
  }
}

function tell(end: ExchangeEnd, result: EgressResult): void {
  end.onResult(result);
}

function joined(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ");
  }
  return plain;
}
