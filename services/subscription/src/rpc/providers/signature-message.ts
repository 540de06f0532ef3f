import { fromJson, toJson } from "@bufbuild/protobuf";
import {
  type Signature as Message,
  SignatureSchema,
} from "@posthorn/proto/posthorn/type/v1/policy";
import type { Signature } from "../../domain/signature.ts";

/** Gives a way to sign out of a message that has passed the annotations of the proto. */
export function toSignature(message: Message): Signature {
  // It is the message in ProtoJSON, which leaves out what is not set.
  return toJson(SignatureSchema, message) as unknown as Signature;
}

/** Gives the message of a way to sign. */
export function toSignatureMessage(signature: Signature): Message {
  return fromJson(SignatureSchema, { ...signature });
}
