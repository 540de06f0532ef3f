import { type } from "@posthorn/client";
import type { Signature } from "@posthorn/signature";
import { exitCodes, Failure } from "../failure.ts";

const {
  Signature_Algorithm,
  Signature_Encoding,
  Signature_Scheme,
  Signature_SecretEncoding,
  Signature_Target,
} = type;

/** Gives a way to sign. Throws Failure for one that this program does not know yet. */
export function toSignature(message: type.Signature): Signature {
  const { scheme, header, prefix, label, tag } = message;
  const isDecoded = message.secretEncoding === Signature_SecretEncoding.DECODED;
  const secretEncoding = isDecoded ? "decoded" : "text";
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
      return { scheme: "hmac", header, encoding, prefix, secretEncoding };
    }
    case Signature_Scheme.TIMESTAMPED_HMAC:
      return { scheme: "timestamped-hmac", header, secretEncoding };
    case Signature_Scheme.RFC9421: {
      const isEd25519 = message.algorithm === Signature_Algorithm.ED25519;
      const isParts = message.target === Signature_Target.AUTHORITY_AND_PATH;
      return {
        scheme: "rfc9421",
        algorithm: isEd25519 ? "ed25519" : "hmac-sha256",
        target: isParts ? "authority-and-path" : "target-uri",
        secretEncoding,
        ...(label !== "" && { label }),
        ...(tag !== "" && { tag }),
      };
    }
  }
  throw new Failure(
    exitCodes.refused,
    `the signature scheme ${String(scheme)} is newer than this program`,
  );
}
