import { toJsonString } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { type Bus, partitionOf } from "@posthorn/bus";
import { AppError, invalid } from "@posthorn/errors";
import type { Replay as ReplayMessage } from "@posthorn/proto/posthorn/delivery/v1/replay";
import {
  ListReplaysRequestSchema,
  type ReplayService,
} from "@posthorn/proto/posthorn/delivery/v1/replay_service";
import { workspaceIdOf } from "@posthorn/rpc";
import { idToUuid, newUuid } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Replay } from "../domain/replay.ts";
import { type AskedRange, checkRange } from "../domain/replay-range.ts";
import type { Database } from "../store/database.ts";
import { getEvent } from "../store/events.ts";
import {
  getReplay,
  insertReplay,
  listReplays,
  type NewReplay,
  type ReplayChange,
  updateReplayState,
} from "../store/replays.ts";
import type { KnownWorkspace, Subscriptions } from "../workers/subscriptions.ts";
import { toWorkspaceUuid } from "./delivery-service.ts";
import { type PageTokens, readPage, writeNext } from "./paging.ts";
import { toFilter, toReplayMessage, toSelection } from "./replay-messages.ts";

export interface ReplayServiceDeps {
  readonly db: Kysely<Database>;
  readonly bus: Bus;
  readonly topic: string;
  readonly partitionCount: number;
  readonly subscriptions: Subscriptions;
  readonly tokens: PageTokens;
  readonly now: () => Date;
  /** How many days bodies are kept. */
  readonly bodiesDays: number;
}

/** Replays of one workspace that have not ended, at most. */
const openReplaysMax = 50;

/** Serves replays. Writes rows; the partition's owner acts on them. */
export function replayService(deps: ReplayServiceDeps): ServiceImpl<typeof ReplayService> {
  const { db, bus, topic, partitionCount, subscriptions, tokens, now, bodiesDays } = deps;
  return {
    async createReplay(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const range = rangeOf(request, { after: "after", before: "before" });
      const { perSecond, toWebhook } = request;
      return make(workspace, {
        webhookUuid: requireWebhook(workspace, request.webhook, "webhook"),
        toWebhookUuid:
          toWebhook === "" ? undefined : requireWebhook(workspace, toWebhook, "toWebhook"),
        filter: toFilter(request.filter),
        selection: {},
        perSecond,
        ...range,
      });
    },

    async listReplays(request, context) {
      const workspaceId = workspaceIdOf(context);
      const filters = { ...request, workspace: workspaceId, pageToken: "", pageSize: 0 };
      const scope = `replays ${toJsonString(ListReplaysRequestSchema, filters)}`;
      const webhookUuid = request.webhook === "" ? undefined : idToUuid("wh", request.webhook);
      const page = readPage(tokens, request, scope);
      if (request.webhook !== "" && webhookUuid === undefined) return { replays: [] };
      const found = await listReplays(db, toWorkspaceUuid(workspaceId), { webhookUuid }, page);
      return {
        replays: found.items.map(toReplayMessage),
        nextPageToken: writeNext(tokens, found.next, scope),
      };
    },

    async getReplay(request, context) {
      return toReplayMessage(await requireReplay(workspaceIdOf(context), request.replay));
    },

    pauseReplay: (request, context) =>
      change(workspaceIdOf(context), request.replay, {
        from: ["RUNNING"],
        to: "PAUSED",
        reason: "PAUSED_BY_USER",
      }),

    resumeReplay: (request, context) =>
      change(workspaceIdOf(context), request.replay, {
        from: ["PAUSED"],
        to: "RUNNING",
        reason: "",
      }),

    cancelReplay: (request, context) =>
      change(workspaceIdOf(context), request.replay, {
        from: ["RUNNING", "PAUSED"],
        to: "CANCELED",
        reason: "CANCELED_BY_USER",
      }),

    async recoverWebhook(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const webhookUuid = requireWebhook(workspace, request.webhook, "webhook");
      const asked = { after: request.since, before: request.until };
      const range = rangeOf(asked, { after: "since", before: "until" });
      return make(workspace, {
        webhookUuid,
        toWebhookUuid: undefined,
        filter: "FAILED",
        selection: {},
        perSecond: 0,
        ...range,
      });
    },

    async resendDeliveries(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const selection = toSelection(request);
      const isNarrowed = Object.keys(selection).length > 0 || request.after || request.before;
      if (!isNarrowed) throw invalid("state", "must be given, or another filter");
      const range = rangeOf(request, { after: "after", before: "before" });
      const { webhook, perSecond } = request;
      await checkEvent(workspace, request.event);
      return make(workspace, {
        webhookUuid: webhook === "" ? undefined : requireWebhook(workspace, webhook, "webhook"),
        toWebhookUuid: undefined,
        filter: "DELIVERIES",
        selection,
        perSecond,
        ...range,
      });
    },
  };

  function rangeOf(
    { after, before }: { after?: Timestamp | undefined; before?: Timestamp | undefined },
    names: AskedRange["names"],
  ) {
    return checkRange({ after, before, names, bodiesDays }, now());
  }

  async function make(
    workspace: KnownWorkspace,
    asked: Omit<NewReplay, "uuid" | "workspaceUuid" | "partition" | "logEnd">,
  ): Promise<ReplayMessage> {
    const partition = partitionOf(workspace.id, partitionCount);
    const logEnd = await bus.endOffset(topic, partition);
    const { uuid: workspaceUuid } = workspace;
    const replay = { ...asked, uuid: newUuid(), workspaceUuid, partition, logEnd };
    const made = await insertReplay(db, replay, openReplaysMax);
    if (made) return toReplayMessage(made);
    const message = `the workspace has ${openReplaysMax} replays that have not ended`;
    throw new AppError("precondition", message);
  }

  async function change(
    workspaceId: string,
    id: string,
    wanted: ReplayChange,
  ): Promise<ReplayMessage> {
    const workspaceUuid = toWorkspaceUuid(workspaceId);
    const changed = await updateReplayState(db, { workspaceUuid, id }, wanted);
    if (changed) return toReplayMessage(changed);
    const replay = await requireReplay(workspaceId, id);
    if (replay.state === wanted.to && replay.endedAt === undefined) return toReplayMessage(replay);
    throw new AppError("precondition", `replay ${id} is ${replay.state}`);
  }

  async function requireReplay(workspaceId: string, id: string): Promise<Replay> {
    const replay = await getReplay(db, toWorkspaceUuid(workspaceId), id);
    if (!replay) throw new AppError("not_found", `replay ${id} not found`);
    return replay;
  }

  async function checkEvent(workspace: KnownWorkspace, id: string): Promise<void> {
    if (id !== "" && !(await getEvent(db, workspace.uuid, id))) throw missing("event", id);
  }
}

function requireWebhook(workspace: KnownWorkspace, id: string, field: string): string {
  const webhook = workspace.webhooks.get(idToUuid("wh", id) ?? "");
  if (!webhook) throw missing(field, id);
  return webhook.uuid;
}

function missing(field: string, id: string): AppError {
  const description = `${field === "event" ? "event" : "webhook"} ${id} not found`;
  return new AppError("not_found", description, { fields: [{ field, description }] });
}
