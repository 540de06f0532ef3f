import { listener } from "@posthorn/postgres";
import type { Logger, Part } from "@posthorn/runtime";
import { cancelChannel, dueChannel } from "../store/deliveries.ts";
import { eventChannel } from "../store/events.ts";
import { replayChannel } from "../store/replays.ts";
import { attemptChannel } from "../store/result-ctes.ts";
import type { Replays } from "./replays.ts";
import type { Sender } from "./sender.ts";
import { type Watchers, watchChannel } from "./watchers.ts";

/** Hears what other requests and processes wrote, and wakes whom it concerns. */
export function notifications(deps: {
  url: string;
  sender: Sender;
  watchers: Watchers;
  replays: Replays;
  log: Logger;
}): Part {
  const { sender, watchers, replays, log } = deps;
  const handlers: Readonly<Record<string, (payload: string) => void>> = {
    [dueChannel](payload) {
      const [partition = "", webhookUuid = "", workspaceUuid = ""] = payload.split(" ");
      sender.wake({ partition: Number(partition), webhookUuid, workspaceUuid });
    },
    [cancelChannel](payload) {
      const [partition = "", deliveryUuid = "", webhookUuid = ""] = payload.split(" ");
      sender.forget(Number(partition), deliveryUuid, webhookUuid);
    },
    [replayChannel]: (payload) => replays.wake(payload),
    [watchChannel]: (payload) => watchers.onWatch(payload),
    [attemptChannel](payload) {
      watchers.onAttempt(payload).catch((error: unknown) => {
        log.warn({ err: error }, "an attempt could not be shown to its watchers");
      });
    },
    [eventChannel](payload) {
      watchers.onEvent(payload).catch((error: unknown) => {
        log.warn({ err: error }, "an event could not be shown to its watchers");
      });
    },
  };
  /** The connection was lost for a while: look for what was not heard. */
  const rescan = () => {
    replays.wake();
    sender.rescan().catch((error: unknown) => {
      log.warn({ err: error }, "the schedule could not be looked through; trying again soon");
    });
  };
  return listener({
    url: deps.url,
    channels: Object.keys(handlers),
    log,
    onNotify: (channel, payload) => {
      if (payload !== "") handlers[channel]?.(payload);
      else if (channel === dueChannel) rescan();
    },
  });
}
