import type { Client } from "@connectrpc/connect";
import { type Catalog, catalogOf } from "@posthorn/event";
import type { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";

/** The catalogs of providers, kept by revision: what is asked for is as new as the asking. */
export class Catalogs {
  readonly #subscription: Client<typeof SubscriptionSyncService>;
  readonly #known = new Map<string, Catalog>();

  constructor(deps: { subscription: Client<typeof SubscriptionSyncService> }) {
    this.#subscription = deps.subscription;
  }

  /** Gives a provider's catalog as it is now. Throws `unavailable`. */
  async current(provider: string): Promise<Catalog> {
    const known = this.#known.get(provider);
    const knownRevision = known?.revision ?? 0n;
    const answer = await this.#subscription.syncCatalog({ provider, knownRevision });
    const catalog = answer.catalog ? catalogOf(answer.catalog, answer.revision, known) : known;
    if (!catalog) throw new Error(`the answer holds no catalog of ${provider}`);
    this.#known.set(provider, catalog);
    return catalog;
  }
}
