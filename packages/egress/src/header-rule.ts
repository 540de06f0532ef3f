const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const valueForm = /^[\t\x20-\x7e]*$/;
const nameCharsMax = 128;
const valueCharsMax = 4_096;

/** Headers that frame the message or belong to one connection (RFC 9110, 9112). */
const framing = [
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Headers that we write ourselves. */
const ours = ["content-encoding", "content-type", "traceparent", "tracestate", "user-agent"];
const ourPrefixes = ["ce-", "posthorn-", "svix-", "webhook-"];

/** Headers by which clouds and proxies tell a trusted caller. */
const trusted = ["forwarded", "metadata", "metadata-flavor", "via", "x-real-ip"];
const trustedPrefixes = [
  "proxy-",
  "x-aliyun-",
  "x-amz-",
  "x-aws-",
  "x-forwarded-",
  "x-goog-",
  "x-google-",
];

const framingNames = new Set(framing);
const refusedNames = new Set([...framing, ...ours, ...trusted]);
const refusedPrefixes = [...ourPrefixes, ...trustedPrefixes];

/**
 * What is wrong with a header that a customer wants to be sent; undefined = nothing. The text is a
 * lower-case sentence without a final stop and never repeats the value, which may be a secret.
 */
export function checkHeader(name: string, value: string): string | undefined {
  const problem = formProblem(name, value);
  if (problem !== undefined) return problem;
  const lowerName = name.toLowerCase();
  const isRefused =
    refusedNames.has(lowerName) || refusedPrefixes.some((prefix) => lowerName.startsWith(prefix));
  if (isRefused) return `header ${lowerName} cannot be set`;
  if (value.length > valueCharsMax) return `value must have at most ${valueCharsMax} characters`;
  return value === value.trim() ? undefined : "value must not begin or end with white space";
}

/** What would make a header break the request itself, whoever wrote it; undefined = nothing. */
export function formProblem(name: string, value: string): string | undefined {
  if (name.length > nameCharsMax || !token.test(name)) {
    return `name must be 1 to ${nameCharsMax} letters, digits and hyphens`;
  }
  return valueForm.test(value) ? undefined : "value must be ASCII without control characters";
}

/** Whether a header frames the message, so that only the sender itself may write it. */
export function isFraming(name: string): boolean {
  return framingNames.has(name.toLowerCase());
}
