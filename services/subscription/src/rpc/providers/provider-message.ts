import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Provider as Message,
  Provider_EventTypeSelection,
  Provider_UnknownEventTypes,
  ProviderSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider";
import type { Provider, ProviderSettings } from "../../domain/provider.ts";
import { toDelaysMs, toRetryPolicy } from "../retry-policy-message.ts";
import {
  toConnectionPolicy,
  toConnectionPolicyMessage,
  toEnvelope,
  toEnvelopeMessage,
  toSecretPolicy,
  toSecretPolicyMessage,
  toWebhookFormField,
  toWebhookFormFieldMessage,
} from "./policy-messages.ts";
import { toSignature, toSignatureMessage } from "./signature-message.ts";

/** The fields of a provider that only Posthorn sets. */
export const providerOutputOnly = ["revision", "create_time", "update_time"];

/** Gives what a message says of a provider, but for its catalog. */
export function toSettings(message: Message): ProviderSettings {
  return {
    name: message.name,
    displayName: message.displayName,
    userAgent: message.userAgent,
    keyPrefix: message.keyPrefix,
    unknownEventTypes:
      message.unknownEventTypes === Provider_UnknownEventTypes.CREATE ? "CREATE" : "REFUSE",
    workspacesMustExist: message.workspacesMustExist,
    signatures: message.signatures.map(toSignature),
    retryDelaysMs: toDelaysMs(message.retryPolicy),
    webhooksPerWorkspaceMax: message.webhooksPerWorkspaceMax,
    envelopes: message.envelopes.map(toEnvelope),
    secrets: toSecretPolicy(message.secrets),
    eventTypeSelection:
      message.eventTypeSelection === Provider_EventTypeSelection.EXACTLY_ONE
        ? "EXACTLY_ONE"
        : "ANY",
    webhookFields: message.webhookFields.map(toWebhookFormField),
    webhooksStartPaused: message.webhooksStartPaused,
    connections: toConnectionPolicy(message.connections),
    compat: message.compat,
  };
}

/** Gives the message of settings that are not stored, or not yet. */
export function toSettingsMessage(settings: ProviderSettings): Message {
  return create(ProviderSchema, {
    name: settings.name,
    displayName: settings.displayName,
    userAgent: settings.userAgent,
    keyPrefix: settings.keyPrefix,
    unknownEventTypes: Provider_UnknownEventTypes[settings.unknownEventTypes],
    workspacesMustExist: settings.workspacesMustExist,
    signatures: settings.signatures.map(toSignatureMessage),
    retryPolicy: toRetryPolicy(settings.retryDelaysMs),
    webhooksPerWorkspaceMax: settings.webhooksPerWorkspaceMax,
    envelopes: settings.envelopes.map(toEnvelopeMessage),
    secrets: toSecretPolicyMessage(settings.secrets),
    eventTypeSelection: Provider_EventTypeSelection[settings.eventTypeSelection],
    webhookFields: settings.webhookFields.map(toWebhookFormFieldMessage),
    webhooksStartPaused: settings.webhooksStartPaused,
    connections: toConnectionPolicyMessage(settings.connections),
    compat: settings.compat,
  });
}

/** Gives the message of a provider, without its catalog. */
export function toMessage(provider: Provider): Message {
  return {
    ...toSettingsMessage(provider),
    revision: provider.revision,
    createTime: timestampFromDate(provider.createdAt),
    updateTime: timestampFromDate(provider.updatedAt),
  };
}
