import { defaultEnvelope, type Envelope } from "../domain/envelope.ts";
import type { SendableEvent } from "./lane.ts";

/** Tells how an event is sent in an envelope; what is sent in one envelope shares its body. */
export function inEnvelopes(event: SendableEvent): (envelope: Envelope) => SendableEvent {
  const others = new Map<Envelope, SendableEvent>();
  return (envelope) => {
    if (envelope === defaultEnvelope) return event;
    const known = others.get(envelope);
    if (known) return known;
    const made = { ...event, envelope, body: undefined };
    others.set(envelope, made);
    return made;
  };
}
