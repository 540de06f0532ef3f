import type { Client } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import type { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { type Envelope, type EnvelopePin, missingEnvelope } from "../domain/envelope.ts";
import { toEnvelopes } from "./envelope-message.ts";

/** Revisions that are kept, at most. */
const revisionCountMax = 1_000;

/** Envelopes that providers had before: what is still to be sent keeps them. They never change. */
export class OldEnvelopes {
  readonly #client: Pick<Client<typeof SubscriptionSyncService>, "getEnvelopes">;
  readonly #known = new Map<string, ReadonlyMap<string, Envelope>>();

  constructor(client: Pick<Client<typeof SubscriptionSyncService>, "getEnvelopes">) {
    this.#client = client;
  }

  /** Gives an envelope, or one that stands for it where there is none. Throws `unavailable`. */
  async get(provider: string, pin: EnvelopePin): Promise<Envelope> {
    const key = `${provider} ${pin.revision}`;
    const envelopes = this.#known.get(key) ?? (await this.#ask(provider, pin.revision));
    this.#known.set(key, envelopes);
    if (this.#known.size > revisionCountMax) this.#forgetOldest();
    return envelopes.get(pin.version) ?? missingEnvelope(pin);
  }

  async #ask(provider: string, revision: string): Promise<ReadonlyMap<string, Envelope>> {
    try {
      const answer = await this.#client.getEnvelopes({ provider, revision: BigInt(revision) });
      return toEnvelopes(answer.envelopes, BigInt(revision));
    } catch (error) {
      if (error instanceof AppError && error.reason === "not_found") return new Map();
      throw error;
    }
  }

  #forgetOldest(): void {
    for (const key of this.#known.keys()) {
      this.#known.delete(key);
      return;
    }
  }
}
