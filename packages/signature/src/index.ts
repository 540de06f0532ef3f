export { explainSignature } from "./explain/explain-signature.ts";
export type { FaultReason, SignatureFault } from "./explain/fault.ts";
export type { SignedRequest, Verification } from "./message.ts";
export {
  type HmacSignature,
  isAsymmetric,
  type Rfc9421Signature,
  type Scheme,
  type SecretEncoding,
  type Signature,
  type StandardSignature,
  type TimestampedHmacSignature,
  takesSeveral,
} from "./scheme.ts";
export {
  checkSecret,
  newSecret,
  newSigningKey,
  type SecretProblem,
  type SigningKey,
  signingKeyOf,
} from "./secret.ts";
export { type Signing, type SignOptions, sign, signAll } from "./sign.ts";
export { type VerifyOptions, verify } from "./verify.ts";
