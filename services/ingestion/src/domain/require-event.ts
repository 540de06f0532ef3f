import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";

/** Gives the event of a request whose shape was checked, so that it is there; else a defect. */
export function requireEvent(event: Event | undefined): Event {
  if (event === undefined) throw new Error("a publish without event passed the check of its shape");
  return event;
}
