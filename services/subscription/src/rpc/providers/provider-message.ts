import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Provider as Message,
  Provider_UnknownEventTypes,
  ProviderSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider";
import {
  type Signature,
  Signature_Scheme,
  SignatureSchema,
} from "@posthorn/proto/posthorn/type/v1/policy";
import type { Provider, ProviderSettings, Scheme } from "../../domain/provider.ts";
import { toDelaysMs, toRetryPolicy } from "../retry-policy-message.ts";

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
    signatures: message.signatures.map(({ scheme }) => toScheme(scheme)),
    retryDelaysMs: toDelaysMs(message.retryPolicy),
    webhooksPerWorkspaceMax: message.webhooksPerWorkspaceMax,
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
    signatures: toSignatures(settings.signatures),
    retryPolicy: toRetryPolicy(settings.retryDelaysMs),
    webhooksPerWorkspaceMax: settings.webhooksPerWorkspaceMax,
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

/** Gives the messages of ways to sign. */
export function toSignatures(schemes: readonly Scheme[]): Signature[] {
  return schemes.map((scheme) => create(SignatureSchema, { scheme: Signature_Scheme[scheme] }));
}

/** Only these two pass the annotations of the proto. */
function toScheme(scheme: Signature_Scheme): Scheme {
  return scheme === Signature_Scheme.SVIX ? "SVIX" : "STANDARD";
}
