import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { openBus } from "@posthorn/bus";
import { compatService } from "@posthorn/compat";
import { deliveryService } from "@posthorn/delivery";
import { type Backend, backendOf, gatewayService } from "@posthorn/gateway";
import { ingestionService } from "@posthorn/ingestion";
import { isUnavailable } from "@posthorn/postgres";
import { localTransport, remoteAuthority, serverInterceptors, withServiceKey } from "@posthorn/rpc";
import { type Logger, metrics, type Part, type Tracing, untilStopped } from "@posthorn/runtime";
import { type SubscriptionService, subscriptionService } from "@posthorn/subscription";
import type { Closing } from "./closing.ts";
import type { KnownAtStart, UpConfig } from "./config.ts";
import { lateTransport } from "./late-transport.ts";

/** Where a composed Posthorn listens, once it does. */
export type Listening = (part: "http" | "grpc", address: { host: string; port: number }) => void;

/** What is needed to compose. */
export interface ComposeDeps {
  readonly log: Logger;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  /** Remembers what to let go of. */
  readonly open: Closing;
  readonly onListen: Listening;
  /** Called once everything serves. */
  readonly onReady: () => void;
}

/** All services of one process. */
export interface Composed {
  readonly subscription: SubscriptionService;
  /** In the order of starting; the last one says that everything serves. */
  readonly parts: readonly Part[];
  /** Brings every schema up to date. */
  migrate(): Promise<void>;
}

/**
 * Composes all services into one process: they call each other in it, through the interceptors
 * that they have over the network, too.
 */
export async function compose(
  config: UpConfig,
  known: KnownAtStart,
  { log, tracing, open, onListen, onReady }: ComposeDeps,
): Promise<Composed> {
  const configs = config.services(known);
  const deps = { log, tracing, metrics: metrics({ processMetrics: true }) };
  const bus = await openBus({
    kafka: config.kafka,
    databaseUrl: known.databaseUrl,
    clientId: "posthorn-up",
    log,
  });
  open.later(() => bus.close());

  const toDelivery = lateTransport();
  const toIngestion = lateTransport();
  const subscription = subscriptionService(configs.subscription, {
    ...deps,
    delivery: toDelivery.transport,
    ingestion: toIngestion.transport,
  });
  open.later(subscription.close);
  const { serviceKey } = known;
  const guards = { serviceKey, isUnavailable, ...deps };
  const stored = { authority: subscription.authority, ...guards };
  const own = { interceptors: serverInterceptors(stored) };
  const internal = withServiceKey(localTransport(subscription.internalRoutes, own), serviceKey);
  const shared = { ...deps, bus, subscription: internal };
  // What subscription said of a key is remembered for a while, as in processes of their own.
  const authority = remoteAuthority({ transport: internal });
  const others = { interceptors: serverInterceptors({ authority, ...guards }) };

  const ingestion = ingestionService(configs.ingestion, { ...shared, authority });
  open.later(ingestion.close);
  toIngestion.lead(withServiceKey(localTransport(ingestion.internalRoutes, others), serviceKey));
  const delivery = await deliveryService(configs.delivery, shared);
  open.later(delivery.close);
  toDelivery.lead(withServiceKey(localTransport(delivery.internalRoutes, others), serviceKey));

  const toSubscription = localTransport(subscription.routes, own);
  const deliveries = localTransport(delivery.routes, others);
  const compat = compatService({ subscription: toSubscription, delivery: deliveries });
  const transports: Record<Backend, Transport> = {
    subscription: toSubscription,
    ingestion: localTransport(ingestion.routes, others),
    delivery: deliveries,
    compat: localTransport(compat.routes, others),
  };
  const readiness = readyFlag(onReady);
  const gateway = gatewayService(configs.gateway, {
    ...deps,
    transportOf: (service: DescService) => transports[backendOf(service)],
    isReady: readiness.isReady,
    onListen,
  });
  return {
    subscription,
    parts: [
      ...subscription.parts,
      ...ingestion.parts,
      ...delivery.parts,
      ...gateway.parts,
      readiness.part,
    ],
    async migrate() {
      await subscription.migrate();
      await ingestion.migrate();
      await delivery.migrate();
    },
  };
}

/** `/readyz` says yes while this part runs: it starts last and stops first. */
function readyFlag(onReady: () => void): { isReady(): boolean; part: Part } {
  let isReady = false;
  return {
    isReady: () => isReady,
    part: {
      name: "readiness",
      async run(stop, ready) {
        isReady = true;
        onReady();
        ready();
        await untilStopped(stop);
        isReady = false;
      },
    },
  };
}
