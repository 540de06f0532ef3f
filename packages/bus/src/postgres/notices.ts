import { EventEmitter } from "node:events";
import { listener } from "@posthorn/postgres";
import type { Logger } from "@posthorn/runtime";
import type pg from "pg";
import type { Ends } from "./ends.ts";
import type { GroupKey } from "./group.ts";
import { channel, fromPayload, type Notice, notifier } from "./notify.ts";

/** What the log's processes tell each other, both ways. */
export interface Notices {
  send(notice: Notice): void;
  /** Calls back when the group's members changed; gives what ends that. */
  onGroup(key: GroupKey, callback: () => void): () => void;
  /** Begins to hear the other processes, unless it does already. */
  listen(): void;
  /** Sends what waits and stops listening. */
  close(): Promise<void>;
}

/** What notices work with. */
export interface NoticesDeps {
  readonly url: string;
  /** For sending. */
  readonly pool: pg.Pool;
  readonly busId: string;
  readonly ends: Ends;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  now?(): number;
}

/** Starts deaf: a process that only appends needs no connection to listen on. */
export function notices(deps: NoticesDeps): Notices {
  const groups = new EventEmitter().setMaxListeners(0);
  const sender = notifier(deps);
  const stop = new AbortController();
  let listening: Promise<void> | undefined;
  return {
    send(notice) {
      sender.send(notice);
      if (notice.kind === "group") take(notice);
    },
    onGroup(key, callback) {
      groups.on(eventOf(key), callback);
      return () => groups.off(eventOf(key), callback);
    },
    listen() {
      listening ??= hear();
    },
    async close() {
      stop.abort();
      await Promise.all([sender.idle(), listening]);
    },
  };

  /** Without it everything still works, a second later. */
  async function hear(): Promise<void> {
    const part = listener({
      url: deps.url,
      channels: [channel],
      onNotify: (_channel, payload) => fromPayload(payload).forEach(take),
      log: deps.log,
    });
    await part
      .run(stop.signal, () => {})
      .catch((error: unknown) => deps.log.error({ err: error }, "bus listens no more"));
  }

  function take(notice: Notice): void {
    if (notice.kind === "group") groups.emit(eventOf(notice));
    else deps.ends.observe(notice.place, notice.end);
  }
}

function eventOf({ topicId, group }: GroupKey): string {
  return `${topicId} ${group}`;
}
