export { type HeaderNames, headerNames, type Scheme } from "./scheme.ts";
export { checkSecret, newSecret, newSigningKey, type SecretProblem } from "./secret.ts";
export { type SignOptions, sign } from "./sign.ts";
export { type Verification, type VerifyOptions, verify } from "./verify.ts";
