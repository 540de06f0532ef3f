import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { type RetryPolicy, RetryPolicySchema } from "@posthorn/proto/posthorn/type/v1/policy";

/** Gives the waits of a policy in milliseconds; undefined when there is no policy. */
export function toDelaysMs(policy: RetryPolicy | undefined): readonly number[] | undefined {
  return policy?.delays.map((delay) => durationMs(delay));
}

/** Gives the policy of waits in milliseconds; undefined when there are none. */
export function toRetryPolicy(delaysMs: readonly number[] | undefined): RetryPolicy | undefined {
  if (delaysMs === undefined) return undefined;
  return create(RetryPolicySchema, { delays: delaysMs.map((delayMs) => durationFromMs(delayMs)) });
}
