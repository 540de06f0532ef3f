import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import type { HookService } from "@posthorn/proto/posthorn/compat/tracktile/v1/hook_service";
import { principalOf } from "@posthorn/rpc";
import { allWebhooks, following, type Posthorn } from "../posthorn.ts";
import { speaking } from "../speaking.ts";
import { listExecutions, toExecution } from "./executions.ts";
import { fieldNames, stateOf, toHook, updateOf } from "./hook-message.ts";

/** Tracktile's webhooks: those of the workspace that the key belongs to. */
export function hookService(own: Posthorn): ServiceImpl<typeof HookService> {
  return speaking(fieldNames, {
    async createHook({ name, url, on, status }, context) {
      const workspace = workspaceOf(context);
      const webhook = { name, url, eventTypes: on === "" ? [] : [on], state: stateOf(status) };
      const request = { workspace, webhook };
      return toHook(await own.webhooks.createWebhook(request, following(context)));
    },
    async listHooks(_request, context) {
      const webhooks = await allWebhooks(own, workspaceOf(context), context);
      return { hooks: webhooks.map(toHook) };
    },
    async getHook({ id: webhook }, context) {
      const request = { workspace: workspaceOf(context), webhook };
      return toHook(await own.webhooks.getWebhook(request, following(context)));
    },
    async updateHook(request, context) {
      const workspace = workspaceOf(context);
      const update = updateOf(request);
      const call = following(context);
      // An update of nothing is asked for by its populated fields, of which there would be none.
      const webhook =
        update.updateMask.paths.length === 0
          ? await own.webhooks.getWebhook({ workspace, webhook: request.id }, call)
          : await own.webhooks.updateWebhook({ workspace, ...update }, call);
      return toHook(webhook);
    },
    async deleteHook({ id: webhook }, context) {
      const request = { workspace: workspaceOf(context), webhook };
      await own.webhooks.deleteWebhook(request, following(context));
      return create(EmptySchema);
    },
    async rotateHook({ id: webhook }, context) {
      const request = { workspace: workspaceOf(context), webhook };
      return toHook(await own.webhooks.rotateWebhookSecret(request, following(context)));
    },
    async testHook({ id: webhook }, context) {
      const request = { workspace: workspaceOf(context), webhook };
      const { tests } = await own.tests.testWebhook(request, following(context));
      const [test] = tests;
      if (test?.attempt === undefined) throw new Error(`a test of ${webhook} made no attempt`);
      return toExecution(test.attempt);
    },
    async listExecutions({ id: webhook }, context) {
      const executions = await listExecutions(
        own,
        { workspace: workspaceOf(context), webhook },
        context,
      );
      return { executions };
    },
  });
}

/** No path names a workspace, so the key has to. */
function workspaceOf(context: HandlerContext): string {
  const { workspaceId } = principalOf(context);
  if (workspaceId !== undefined) return workspaceId;
  const message = "/hooks is for the key of one workspace, and this is an operator key";
  throw new AppError("precondition", message);
}
