import { invalid } from "@posthorn/errors";
import type { TopicSpec } from "./bus.ts";

const namePattern = /^[A-Za-z0-9._-]{1,200}$/;
const partitionCountMax = 1_024;

/** Throws `invalid` unless the name and the count are possible in every log. */
export function checkTopicSpec({ name, partitionCount }: TopicSpec): void {
  checkName("name", name);
  if (
    !Number.isInteger(partitionCount) ||
    partitionCount < 1 ||
    partitionCount > partitionCountMax
  ) {
    throw invalid("partitionCount", `must be between 1 and ${partitionCountMax}`);
  }
}

/** Throws `invalid` unless it may name a topic or a group. */
export function checkName(field: string, text: string): void {
  if (!namePattern.test(text))
    throw invalid(field, "must be 1 to 200 letters, digits, '.', '_' or '-'");
}
