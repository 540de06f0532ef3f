import { create } from "@bufbuild/protobuf";
import {
  type Signature as Message,
  Signature_Algorithm,
  Signature_Encoding,
  Signature_Scheme,
  Signature_SecretEncoding,
  Signature_Target,
  SignatureSchema,
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

const schemes = {
  standard: Signature_Scheme.STANDARD,
  svix: Signature_Scheme.SVIX,
  "standard-ed25519": Signature_Scheme.STANDARD_ED25519,
  hmac: Signature_Scheme.HMAC,
  "timestamped-hmac": Signature_Scheme.TIMESTAMPED_HMAC,
  rfc9421: Signature_Scheme.RFC9421,
} as const satisfies Record<Signature["scheme"], Signature_Scheme>;

/** Gives the message of a way to sign: what `toSignature` reads as the same. */
export function fromSignature(signature: Signature): Message {
  const scheme = schemes[signature.scheme];
  switch (signature.scheme) {
    case "standard":
    case "standard-ed25519":
    case "svix":
      return create(SignatureSchema, { scheme });
    case "hmac": {
      const { header, prefix = "" } = signature;
      const isBase64 = signature.encoding === "base64";
      const encoding = isBase64 ? Signature_Encoding.BASE64 : Signature_Encoding.HEX;
      const secretEncoding = fromSecretEncoding(signature.secretEncoding);
      return create(SignatureSchema, { scheme, header, prefix, encoding, secretEncoding });
    }
    case "timestamped-hmac": {
      const { header } = signature;
      const secretEncoding = fromSecretEncoding(signature.secretEncoding);
      return create(SignatureSchema, { scheme, header, secretEncoding });
    }
    case "rfc9421": {
      const { label = "", tag = "" } = signature;
      const isEd25519 = signature.algorithm === "ed25519";
      const isParts = signature.target === "authority-and-path";
      return create(SignatureSchema, {
        scheme,
        algorithm: isEd25519 ? Signature_Algorithm.ED25519 : Signature_Algorithm.HMAC_SHA256,
        target: isParts ? Signature_Target.AUTHORITY_AND_PATH : Signature_Target.TARGET_URI,
        secretEncoding: fromSecretEncoding(signature.secretEncoding),
        label,
        tag,
      });
    }
  }
}

function fromSecretEncoding(encoding: "text" | "decoded" | undefined): Signature_SecretEncoding {
  const isDecoded = encoding === "decoded";
  return isDecoded ? Signature_SecretEncoding.DECODED : Signature_SecretEncoding.TEXT;
}
