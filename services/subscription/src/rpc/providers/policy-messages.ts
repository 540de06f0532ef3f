import { type DescMessage, fromJson, type MessageShape, toJson } from "@bufbuild/protobuf";
import {
  type Provider_ConnectionPolicy,
  Provider_ConnectionPolicySchema,
  type Provider_SecretPolicy,
  Provider_SecretPolicySchema,
  type Provider_WebhookField,
  Provider_WebhookFieldSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider";
import {
  type Envelope as EnvelopeMessage,
  EnvelopeSchema,
} from "@posthorn/proto/posthorn/type/v1/envelope";
import type { ConnectionPolicy } from "../../domain/connection-policy.ts";
import type { Envelope } from "../../domain/envelope.ts";
import type { SecretPolicy } from "../../domain/secret-policy.ts";
import type { WebhookFormField } from "../../domain/webhook-form.ts";

/*
 * The domain has these as they stand in a file, which is their message in ProtoJSON: what is not
 * set is left out. The messages have passed the annotations of the proto.
 */

/** Gives an envelope out of a message. */
export function toEnvelope(message: EnvelopeMessage): Envelope {
  return inFile(EnvelopeSchema, message) as Envelope;
}

/** Gives the message of an envelope. */
export function toEnvelopeMessage(envelope: Envelope): EnvelopeMessage {
  return outOfFile(EnvelopeSchema, envelope);
}

/** Gives a policy of secrets out of a message; the default where there is none. */
export function toSecretPolicy(message: Provider_SecretPolicy | undefined): SecretPolicy {
  return message === undefined
    ? {}
    : (inFile(Provider_SecretPolicySchema, message) as SecretPolicy);
}

/** Gives the message of a policy of secrets; undefined for the default. */
export function toSecretPolicyMessage(policy: SecretPolicy): Provider_SecretPolicy | undefined {
  if (Object.keys(policy).length === 0) return undefined;
  return outOfFile(Provider_SecretPolicySchema, policy);
}

/** Gives a field of the form out of a message. */
export function toWebhookFormField(message: Provider_WebhookField): WebhookFormField {
  return inFile(Provider_WebhookFieldSchema, message) as WebhookFormField;
}

/** Gives the message of a field of the form. */
export function toWebhookFormFieldMessage(field: WebhookFormField): Provider_WebhookField {
  return outOfFile(Provider_WebhookFieldSchema, field);
}

/** Gives a policy of connections out of a message; undefined where there is none. */
export function toConnectionPolicy(
  message: Provider_ConnectionPolicy | undefined,
): ConnectionPolicy | undefined {
  if (message === undefined) return undefined;
  return inFile(Provider_ConnectionPolicySchema, message) as ConnectionPolicy;
}

/** Gives the message of a policy of connections; undefined where there is none. */
export function toConnectionPolicyMessage(
  policy: ConnectionPolicy | undefined,
): Provider_ConnectionPolicy | undefined {
  return policy && outOfFile(Provider_ConnectionPolicySchema, policy);
}

function inFile<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): unknown {
  return toJson(schema, message);
}

function outOfFile<Desc extends DescMessage>(schema: Desc, value: object): MessageShape<Desc> {
  return fromJson(schema, JSON.parse(JSON.stringify(value)));
}
