import {
  type Signature as Message,
  Signature_Algorithm,
  Signature_Encoding,
  Signature_Scheme,
  Signature_SecretEncoding,
  Signature_Target,
} from "@posthorn/proto/posthorn/type/v1/policy";
import type { Signature } from "@posthorn/signature";

/** Gives a way to sign. Throws a plain Error for one that this process does not know yet. */
export function toSignature(message: Message): Signature {
  const { scheme, header } = message;
  const secretEncoding = toSecretEncoding(message.secretEncoding);
  switch (scheme) {
    case Signature_Scheme.SCHEME_UNSPECIFIED:
    case Signature_Scheme.STANDARD:
      return { scheme: "standard" };
    case Signature_Scheme.SVIX:
      return { scheme: "svix" };
    case Signature_Scheme.STANDARD_ED25519:
      return { scheme: "standard-ed25519" };
    case Signature_Scheme.HMAC: {
      const encoding = message.encoding === Signature_Encoding.BASE64 ? "base64" : "hex";
      return { scheme: "hmac", header, encoding, prefix: message.prefix, secretEncoding };
    }
    case Signature_Scheme.TIMESTAMPED_HMAC:
      return { scheme: "timestamped-hmac", header, secretEncoding };
    case Signature_Scheme.RFC9421:
      return toRfc9421(message);
  }
  throw new Error(`signature scheme ${String(scheme)} is newer than this process`);
}

function toRfc9421({ algorithm, target, label, tag, secretEncoding }: Message): Signature {
  return {
    scheme: "rfc9421",
    algorithm: algorithm === Signature_Algorithm.ED25519 ? "ed25519" : "hmac-sha256",
    target: target === Signature_Target.AUTHORITY_AND_PATH ? "authority-and-path" : "target-uri",
    secretEncoding: toSecretEncoding(secretEncoding),
    ...(label !== "" && { label }),
    ...(tag !== "" && { tag }),
  };
}

function toSecretEncoding(encoding: Signature_SecretEncoding): "text" | "decoded" {
  return encoding === Signature_SecretEncoding.DECODED ? "decoded" : "text";
}
