import { type Bus, eventsTopic } from "@posthorn/bus";
import { AppError } from "@posthorn/errors";

/** The log of events, once it is there. */
export interface EventLog {
  /** How many partitions it has. Throws `unavailable` before `open`. */
  readonly partitionCount: number;
  /** Creates the topic if it is missing and learns its partition count. Idempotent. */
  open(): Promise<void>;
}

/** Gives the log of events; `partitionCount` is for a topic that has to be created. */
export function eventLog(deps: { bus: Bus }, options: { partitionCount: number }): EventLog {
  let partitionCount: number | undefined;
  return {
    get partitionCount() {
      if (partitionCount !== undefined) return partitionCount;
      throw new AppError("unavailable", "the event log is not open yet", { retryAfterMs: 1_000 });
    },
    async open() {
      await deps.bus.ensureTopics([{ name: eventsTopic, partitionCount: options.partitionCount }]);
      partitionCount = (await deps.bus.identity(eventsTopic)).partitionCount;
    },
  };
}
