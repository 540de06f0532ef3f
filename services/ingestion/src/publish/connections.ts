import type { Client } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import type {
  KnownConnection as KnownConnectionMessage,
  SubscriptionSyncService,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import type { Logger } from "@posthorn/runtime";
import type { ConnectionFacts } from "../domain/event-record.ts";

/** What the connections need. */
export interface ConnectionsDeps {
  readonly subscription: Pick<Client<typeof SubscriptionSyncService>, "getConnections">;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly monotonicMs: () => number;
}

/** Names a connection. */
export interface ConnectionKey {
  /** `ws_` + 26 characters. */
  readonly workspaceId: string;
  /** As the caller wrote it. */
  readonly connectionId: string;
}

/** What publishing knows of a connection. */
export interface KnownConnection extends ConnectionFacts {
  readonly isDeleted: boolean;
}

/** The connections that events come from, as subscription tells of them. */
export interface Connections {
  /**
   * Gives a connection as of a question that is asked after this call, so that one that was made
   * or deleted a moment ago counts; undefined when there never was one. While subscription is down
   * it gives what was known last. Throws `unavailable` when that is nothing.
   */
  find(key: ConnectionKey): Promise<KnownConnection | undefined>;
}

interface Waiting {
  readonly key: ConnectionKey;
  readonly resolve: (found: KnownConnection | undefined) => void;
  readonly reject: (error: unknown) => void;
}

const keysPerQuestionMax = 500;
const waitingMax = 20_000;
/** Each some 200 bytes. They count only while subscription is down. */
const knownMax = 10_000;
/** After a question that failed, the next is asked by whoever comes this much later. */
const askAgainAfterMs = 500;
const question = { timeoutMs: 1_000 };

/**
 * Finds connections: one question at a time, for all that came while the one before was under way,
 * so that many publishes cost as many questions as one after the other fit into the time.
 */
export function connections({ subscription, log, monotonicMs }: ConnectionsDeps): Connections {
  const known = new Map<string, KnownConnection>();
  let queue: Waiting[] = [];
  let isAsking = false;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  return {
    find(key) {
      if (monotonicMs() - failedAtMs < askAgainAfterMs) {
        const last = known.get(textOf(key));
        if (last !== undefined) return Promise.resolve(last);
      }
      if (queue.length >= waitingMax) return Promise.reject(unavailable());
      return new Promise((resolve, reject) => {
        queue.push({ key, resolve, reject });
        if (!isAsking) void askAll();
      });
    },
  };

  async function askAll(): Promise<void> {
    isAsking = true;
    // What comes in the same turn of the event loop goes along.
    await Promise.resolve();
    while (queue.length > 0) {
      const asked = queue.slice(0, keysPerQuestionMax);
      queue = queue.slice(keysPerQuestionMax);
      await ask(asked);
    }
    isAsking = false;
  }

  /** Never rejects: each that waits is told. */
  async function ask(asked: readonly Waiting[]): Promise<void> {
    const keys = new Map(asked.map(({ key }) => [textOf(key), key]));
    try {
      const answer = await subscription.getConnections({ keys: [...keys.values()] }, question);
      const found = new Map(
        answer.connections.map((connection) => [textOf(connection), toKnown(connection)]),
      );
      failedAtMs = Number.NEGATIVE_INFINITY;
      for (const text of keys.keys()) remember(text, found.get(text));
      for (const { key, resolve } of asked) resolve(found.get(textOf(key)));
    } catch (error) {
      log.warn({ err: error }, "connections could not be asked for");
      failedAtMs = monotonicMs();
      for (const { key, resolve, reject } of asked) {
        const last = known.get(textOf(key));
        if (last === undefined) reject(unavailable(error));
        else resolve(last);
      }
    }
  }

  function remember(text: string, connection: KnownConnection | undefined): void {
    known.delete(text);
    if (connection === undefined) return;
    known.set(text, connection);
    const [oldest] = known.size > knownMax ? known.keys() : [];
    if (oldest !== undefined) known.delete(oldest);
  }
}

function toKnown(connection: KnownConnectionMessage): KnownConnection {
  const { integrationName, deleted, firstSyncCompleteTime } = connection;
  return { integrationName, isDeleted: deleted, firstSyncCompleteTime };
}

function textOf({ workspaceId, connectionId }: ConnectionKey): string {
  return `${workspaceId} ${connectionId}`;
}

function unavailable(cause?: unknown): AppError {
  const message = "connections cannot be asked for now";
  return new AppError("unavailable", message, { cause, retryAfterMs: 1_000 });
}
