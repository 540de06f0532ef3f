import { checkHeader } from "@posthorn/egress";
import { EventTypeSchema } from "@posthorn/proto/posthorn/subscription/v1/event_type";
import {
  type Provider as ProviderMessage,
  ProviderSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider";
import { checkMessage } from "@posthorn/rpc";
import { type FileBody, readFileTree } from "../../domain/file-tree.ts";
import { refuseProblems } from "../../domain/problems.ts";
import type { ProviderFile } from "../../domain/provider-changes.ts";
import { providerProblems } from "../../domain/provider-check.ts";
import { eventTypeOutputOnly, toEventTypeDraft } from "../event-types/event-type-message.ts";
import { outputOnlyProblems } from "../output-only.ts";
import { messageOfFile } from "./file-message.ts";
import { providerOutputOnly, toSettings } from "./provider-message.ts";

/**
 * Reads a provider file and checks all of it but its schemas. Throws `invalid` naming the fields
 * by their paths in the file, and `too_large`.
 */
export function readProviderFile(body: FileBody): ProviderFile {
  // The message is of the schema that was asked for.
  const message = messageOfFile(ProviderSchema, readFileTree(body)) as ProviderMessage;
  checkMessage(ProviderSchema, message);
  refuseProblems(outputProblems(message));
  const file = {
    settings: toSettings(message),
    eventTypes: message.eventTypes.map(toEventTypeDraft),
  };
  refuseProblems(providerProblems(file, (name) => checkHeader(name, "")));
  return file;
}

function outputProblems(message: ProviderMessage) {
  const names = eventTypeOutputOnly;
  return [
    ...outputOnlyProblems(ProviderSchema, message, { names: providerOutputOnly, prefix: "" }),
    ...message.eventTypes.flatMap((eventType, index) =>
      outputOnlyProblems(EventTypeSchema, eventType, { names, prefix: `eventTypes[${index}]` }),
    ),
  ];
}
