import { toJsonString } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { pageSizeOf } from "@posthorn/postgres";
import {
  Delivery_State,
  type Delivery as DeliveryMessage,
} from "@posthorn/proto/posthorn/delivery/v1/delivery";
import {
  type DeliveryService,
  type ListDeliveriesRequest,
  ListDeliveriesRequestSchema,
} from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { workspaceIdOf } from "@posthorn/rpc";
import { idTimeMs, idToUuid, newUuid } from "@posthorn/runtime";
import type { Delivery } from "../domain/delivery.ts";
import { soughtBy } from "../domain/sought.ts";
import { listAttempts } from "../store/attempts.ts";
import {
  cancelDelivery,
  type DeliveryFilter,
  getDelivery,
  insertFurtherDelivery,
  listDeliveries,
} from "../store/deliveries.ts";
import type { KnownWorkspace, Subscriptions } from "../workers/subscriptions.ts";
import type { Watchers } from "../workers/watchers.ts";
import { sequelOf, toAttemptMessage } from "./messages.ts";
import { type PageTokens, readPage, toDate, writeNext } from "./paging.ts";
import { explainDeliveries, type ShowDeps, showDeliveries, webhookOf } from "./show-deliveries.ts";

export interface DeliveryServiceDeps extends ShowDeps {
  readonly subscriptions: Subscriptions;
  readonly watchers: Watchers;
  readonly tokens: PageTokens;
}

/** Serves deliveries and their attempts. Reads and writes rows; the partition's owner acts on them. */
export function deliveryService(deps: DeliveryServiceDeps): ServiceImpl<typeof DeliveryService> {
  const { db, subscriptions, watchers, tokens } = deps;
  return {
    async listDeliveries(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const scope = scopeOf(workspace.id, request);
      const filter = toFilter(request, workspace);
      if (filter === undefined) return { deliveries: [] };
      const page = await listDeliveries(
        db,
        workspace.uuid,
        filter,
        readPage(tokens, request, scope),
      );
      return {
        deliveries: await showDeliveries(deps, workspace, page.items),
        nextPageToken: writeNext(tokens, page.next, scope),
      };
    },

    async getDelivery(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      return showOne(workspace, await requireDelivery(workspace, request.delivery));
    },

    async listAttempts(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const delivery = await requireDelivery(workspace, request.delivery);
      const scope = `attempts ${workspace.id} ${delivery.id}`;
      const sizeMax = pageSizeOf(request.pageSize);
      const [after = "0"] = request.pageToken ? tokens.decode(request.pageToken, scope) : [];
      const range = { after: Number(after), countMax: sizeMax + 1 };
      const attempts = await listAttempts(db, workspace.uuid, delivery.id, range);
      const shown = attempts.slice(0, sizeMax);
      const last = shown.at(-1);
      const isLast = attempts.length <= sizeMax || last === undefined;
      return {
        attempts: shown.map((attempt, index) => {
          const next = attempts[index + 1];
          const sequel = next
            ? ({ kind: "followed", at: next.startedAt } as const)
            : sequelOf(delivery, webhookOf(workspace, delivery)?.state);
          return toAttemptMessage(attempt, sequel, deps.now());
        }),
        nextPageToken: isLast ? "" : tokens.encode({ scope, position: [String(last.number)] }),
      };
    },

    async resendDelivery(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const delivery = await requireDelivery(workspace, request.delivery);
      const webhookUuid = uuidOf("wh", delivery.webhookId);
      const webhook = workspace.webhooks.get(webhookUuid);
      if (!webhook) {
        throw new AppError("precondition", `webhook ${delivery.webhookId} is deleted`);
      }
      const made = await insertFurtherDelivery(db, {
        uuid: newUuid(idTimeMs(delivery.eventId)),
        triggerUuid: newUuid(),
        trigger: "RESEND",
        workspaceUuid: workspace.uuid,
        webhookUuid,
        eventUuid: uuidOf("evt", delivery.eventId),
        isOrdered: webhook.isOrdered,
        pin: delivery.pin,
      });
      if (!made) throw new AppError("precondition", `the body of ${delivery.eventId} is gone`);
      return showOne(workspace, made);
    },

    async cancelDelivery(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const delivery = await requireDelivery(workspace, request.delivery);
      const canceled = await cancelDelivery(db, workspace.uuid, delivery.id);
      if (!canceled) throw new AppError("precondition", `delivery ${delivery.id} has ended`);
      return showOne(workspace, canceled);
    },

    async *watchAttempts(request, context) {
      const workspaceUuid = toWorkspaceUuid(workspaceIdOf(context));
      for await (const attempt of watchers.watch(workspaceUuid, context.signal)) {
        if (request.webhook === "" || attempt.webhookId === request.webhook) {
          yield toAttemptMessage(attempt, { kind: "none" }, deps.now());
        }
      }
    },
  };

  async function requireDelivery(workspace: KnownWorkspace, id: string): Promise<Delivery> {
    const delivery = await getDelivery(db, workspace.uuid, id);
    if (!delivery) throw new AppError("not_found", `delivery ${id} not found`);
    return delivery;
  }

  async function showOne(workspace: KnownWorkspace, delivery: Delivery): Promise<DeliveryMessage> {
    const [shown] = await explainDeliveries(deps, workspace, [delivery]);
    if (!shown) throw new Error(`${delivery.id} was not shown`);
    return shown;
  }
}

/** Turns the id of a workspace that the caller was found to have into a UUID. */
export function toWorkspaceUuid(workspaceId: string): string {
  return uuidOf("ws", workspaceId);
}

function uuidOf(prefix: "ws" | "wh" | "evt", id: string): string {
  const uuid = idToUuid(prefix, id);
  if (uuid === undefined) throw new Error(`${id} is no id of kind ${prefix}`);
  return uuid;
}

function scopeOf(workspaceId: string, request: ListDeliveriesRequest): string {
  const filters = { ...request, workspace: workspaceId, pageToken: "", pageSize: 0 };
  return `deliveries ${toJsonString(ListDeliveriesRequestSchema, filters)}`;
}

/**
 * Turns the request's filters into the rows' terms: what is shown as HELD, PENDING or CANCELED
 * also depends on the webhooks. Undefined when nothing can match.
 */
function toFilter(
  request: ListDeliveriesRequest,
  workspace: KnownWorkspace,
): DeliveryFilter | undefined {
  const sought = soughtBy(request.query);
  const event = only(request.event, sought.event);
  const webhook = only(request.webhook, sought.webhook);
  const { delivery } = sought;
  if (event === undefined || webhook === undefined) return undefined;
  const eventUuid = event === "" ? undefined : idToUuid("evt", event);
  const webhookUuid = webhook === "" ? undefined : idToUuid("wh", webhook);
  const deliveryUuid = delivery === "" ? undefined : idToUuid("dlv", delivery);
  const { connection } = request;
  const connectionUuid = connection === "" ? undefined : idToUuid("conn", connection);
  if (connection !== "" && connectionUuid === undefined) return undefined;
  if (event !== "" && eventUuid === undefined) return undefined;
  if (webhook !== "" && webhookUuid === undefined) return undefined;
  if (delivery !== "" && deliveryUuid === undefined) return undefined;
  const named = webhookUuid === undefined ? undefined : [webhookUuid];
  return {
    deliveryUuid,
    eventUuid,
    connectionUuid,
    eventType: request.eventType || undefined,
    eventTypePrefix: sought.typePrefix || undefined,
    statusCode: request.statusCode || undefined,
    after: toDate(request.after),
    before: toDate(request.before),
    webhookUuids: named,
    ...toStateFilter(request.state, workspace, named),
  };
}

/** Gives the one of two ids that is given; undefined when they differ, as nothing is both. */
function only(one: string, other: string): string | undefined {
  if (one === "" || other === "") return one || other;
  return one === other ? one : undefined;
}

function toStateFilter(
  state: Delivery_State,
  workspace: KnownWorkspace,
  named: readonly string[] | undefined,
): Pick<DeliveryFilter, "state" | "webhookUuids"> {
  const within = (isOn: boolean) =>
    [...workspace.webhooks.values()]
      .filter((webhook) => (webhook.state === "ACTIVE") === isOn)
      .map(({ uuid }) => uuid)
      .filter((uuid) => named?.includes(uuid) ?? true);
  switch (state) {
    case Delivery_State.STATE_UNSPECIFIED:
      return {};
    case Delivery_State.PENDING:
      return { state: "PENDING", webhookUuids: within(true) };
    case Delivery_State.HELD:
      return { state: "PENDING", webhookUuids: within(false) };
    case Delivery_State.SUCCEEDED:
      return { state: "SUCCEEDED" };
    case Delivery_State.EXHAUSTED:
      return { state: "EXHAUSTED" };
    case Delivery_State.CANCELED:
      return { state: "CANCELED" };
  }
  throw new Error(`state ${String(state)} passed the checks`);
}
