import type { EgressRequest, EgressResult } from "@posthorn/egress";
import { type Hook, timeoutMs as hangMs } from "./webhooks.ts";
import type { Actor, World } from "./world.ts";

/** How a receiver is doing. */
export type Mood = "well" | "flaky" | "failing" | "hanging" | "limiting" | "unreachable" | "gone";

/** One POST, from when it was begun. Times are milliseconds of the world. */
export interface Post {
  /** The last 16 hexadecimal digits of the attempt's UUID. */
  readonly span: string;
  readonly hook: Hook;
  readonly eventUuid: string;
  readonly actor: Actor;
  readonly startedMs: number;
  statusCode: number;
  /** What the receiver asked for, in milliseconds; 0 for nothing. */
  retryAfterMs: number;
  /** When the process heard of the outcome; undefined while, or if, it has not. */
  heardMs: number | undefined;
  /** The process gave it up. */
  isGivenUp: boolean;
}

/** The receivers of all webhooks. What they answer depends on their mood. */
export class Receivers {
  readonly moods = new Map<string, Mood>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes a POST. Rejects only when its signal aborts. */
  take(post: Post, signal: AbortSignal | undefined): Promise<EgressResult> {
    const { random } = this.#world;
    return new Promise((resolve, reject) => {
      const abort = () => {
        cancel();
        post.isGivenUp = true;
        reject(signal?.reason);
      };
      const answer = this.#answer(this.moods.get(post.hook.uuid) ?? "well");
      const tookMs = answer.outcome === "TIMEOUT" ? hangMs : duration();
      const cancel = this.#world.after(tookMs, post.actor, () => {
        signal?.removeEventListener("abort", abort);
        post.heardMs = this.#world.nowMs;
        post.statusCode = answer.statusCode;
        post.retryAfterMs = Number(answer.responseHeaders["retry-after"] ?? 0) * 1000;
        resolve({ ...answer, durationMs: tookMs });
      });
      signal?.addEventListener("abort", abort, { once: true });
    });

    function duration(): number {
      return random.chance(0.03) ? random.between(300, 3_000) : 1 + random.next() * 30;
    }
  }

  #answer(mood: Mood): EgressResult {
    const { random } = this.#world;
    switch (mood) {
      case "well":
        return status(random.chance(0.02) ? 500 : 200);
      case "flaky":
        return status(random.chance(0.3) ? 503 : 200);
      case "failing":
        return status(500);
      case "hanging":
        return failed("TIMEOUT");
      case "limiting":
        return random.chance(0.5)
          ? status(200)
          : status(random.pick([429, 503]), { "retry-after": String(random.between(1, 20)) });
      case "unreachable":
        return failed("CONNECT_ERROR");
      case "gone":
        return status(410);
    }
  }
}

function status(statusCode: number, responseHeaders: Record<string, string> = {}): EgressResult {
  const outcome = statusCode < 300 ? "SUCCEEDED" : "HTTP_ERROR";
  return { ...nothing, outcome, statusCode, responseHeaders };
}

function failed(outcome: "TIMEOUT" | "CONNECT_ERROR"): EgressResult {
  return { ...nothing, outcome, error: "no answer" };
}

const nothing: EgressResult = {
  outcome: "SUCCEEDED",
  statusCode: 0,
  responseHeaders: {},
  responseBody: new Uint8Array(),
  responseTruncated: false,
  remoteAddress: "192.0.2.1",
  timings: {},
  durationMs: 0,
  error: "",
};

/** Reads from a POST which attempt it is. */
export function spanOf({ headers }: Pick<EgressRequest, "headers">): string {
  return headers["traceparent"]?.split("-")[2] ?? "";
}

/** A span as an attempt's UUID has it. */
export function spanOfAttempt(uuid: string): string {
  return uuid.replaceAll("-", "").slice(16);
}
