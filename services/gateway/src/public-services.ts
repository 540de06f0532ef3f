import type { DescService } from "@bufbuild/protobuf";
import { HookService } from "@posthorn/proto/posthorn/compat/tracktile/v1/hook_service";
import { Up42WebhookService } from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { EventService } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { ReplayService } from "@posthorn/proto/posthorn/delivery/v1/replay_service";
import { StatsService } from "@posthorn/proto/posthorn/delivery/v1/stats_service";
import { SystemService } from "@posthorn/proto/posthorn/delivery/v1/system_service";
import { WebhookTestService } from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
import { DeadLetterService } from "@posthorn/proto/posthorn/ingestion/v1/dead_letter_service";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { ApiKeyService } from "@posthorn/proto/posthorn/subscription/v1/api_key_service";
import { ConnectionService } from "@posthorn/proto/posthorn/subscription/v1/connection_service";
import { EventTypeService } from "@posthorn/proto/posthorn/subscription/v1/event_type_service";
import { ProviderService } from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { WorkspaceService } from "@posthorn/proto/posthorn/subscription/v1/workspace_service";

/** The services of Posthorn that the gateway stands in front of. */
export type Backend = "subscription" | "ingestion" | "delivery" | "compat";

/** Every service that callers outside may reach, by the process that serves it. */
const servicesOf: Readonly<Record<Backend, readonly DescService[]>> = {
  subscription: [
    ProviderService,
    EventTypeService,
    WorkspaceService,
    WebhookService,
    ConnectionService,
    ApiKeyService,
  ],
  ingestion: [PublishService, DeadLetterService],
  delivery: [
    EventService,
    DeliveryService,
    ReplayService,
    WebhookTestService,
    StatsService,
    SystemService,
  ],
  compat: [HookService, Up42WebhookService],
};

/** Every service that callers outside may reach. `posthorn.internal.*` is none of them. */
export const publicServices: readonly DescService[] = Object.values(servicesOf).flat();

/** Tells which process serves a public service. Any other service is a defect. */
export function backendOf(service: DescService): Backend {
  for (const backend of ["subscription", "ingestion", "delivery", "compat"] as const) {
    if (servicesOf[backend].includes(service)) return backend;
  }
  throw new Error(`${service} is not public`);
}
