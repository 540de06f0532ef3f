import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { Up42WebhookService } from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import { allPages, allWebhooks, following, type Posthorn } from "../posthorn.ts";
import { speaking } from "../speaking.ts";
import { listSecrets } from "./secrets.ts";
import { toTestReport } from "./test-report.ts";
import { fieldNames, stateOf, toUp42Webhook } from "./up42-webhook-message.ts";
import { updateOf } from "./update.ts";

const pageSize = 250;

/** UP42's webhooks, with the real secret in every answer. */
export function up42WebhookService(own: Posthorn): ServiceImpl<typeof Up42WebhookService> {
  return speaking(fieldNames, {
    async listUp42Events(_request, context) {
      const eventTypes = await allPages(async (pageToken) => {
        const request = { pageSize, pageToken };
        const page = await own.eventTypes.listEventTypes(request, following(context));
        return { items: page.eventTypes, nextPageToken: page.nextPageToken };
      });
      return { data: eventTypes.map(({ name, description }) => ({ name, description })) };
    },
    async createUp42Webhook({ workspaceId, name, url, events, secret, active }, context) {
      const draft = { name, url, eventTypes: events, secret, state: stateOf(active) };
      const request = { workspace: workspaceId, webhook: draft };
      const webhook = await own.webhooks.createWebhook(request, following(context));
      return { data: toUp42Webhook(webhook, webhook.secret) };
    },
    async listUp42Webhooks({ workspaceId: workspace }, context) {
      const webhooks = await allWebhooks(own, workspace, context);
      const secrets = await listSecrets(own, { workspace, webhooks }, context);
      return { data: webhooks.map((webhook) => toUp42Webhook(webhook, secrets.get(webhook.id))) };
    },
    async getUp42Webhook({ workspaceId: workspace, webhookId }, context) {
      const request = { workspace, webhook: webhookId };
      const webhook = await own.webhooks.getWebhook(request, following(context));
      const secrets = await listSecrets(own, { workspace, webhooks: [webhook] }, context);
      return { data: toUp42Webhook(webhook, secrets.get(webhook.id)) };
    },
    async updateUp42Webhook(request, context) {
      const { workspaceId: workspace, webhookId } = request;
      const update = updateOf(request);
      const call = following(context);
      // An update of nothing is asked for by its populated fields, of which there would be none.
      const webhook =
        update.updateMask.paths.length === 0
          ? await own.webhooks.getWebhook({ workspace, webhook: webhookId }, call)
          : await own.webhooks.updateWebhook({ workspace, ...update }, call);
      const secrets = await listSecrets(own, { workspace, webhooks: [webhook] }, context);
      return { data: toUp42Webhook(webhook, secrets.get(webhook.id)) };
    },
    async deleteUp42Webhook({ workspaceId: workspace, webhookId: webhook }, context) {
      await own.webhooks.deleteWebhook({ workspace, webhook }, following(context));
      return create(EmptySchema);
    },
    async testUp42Webhook({ workspaceId: workspace, webhookId: webhook, event }, context) {
      const request = { workspace, webhook, eventTypes: event === "" ? [] : [event] };
      const report = await own.tests.testWebhook(request, following(context));
      return { data: toTestReport(report) };
    },
  });
}
