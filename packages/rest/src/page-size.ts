import type { DescField } from "@bufbuild/protobuf";

/**
 * Tells whether a field is a page size as AIP-158 has it. In a message 0 means the default, since
 * it cannot be told from nothing; written into a URL it is a mistake, and refused.
 */
export function isPageSize(field: DescField): boolean {
  return field.name === "page_size";
}
