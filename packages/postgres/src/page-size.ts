import { invalid } from "@posthorn/errors";

const pageSizeDefault = 50;
const pageSizeMax = 250;

/** Gives the page size that was asked for, 1 to 250; 0 means 50. Throws `invalid` otherwise. */
export function pageSizeOf(requested: number): number {
  if (requested === 0) return pageSizeDefault;
  if (Number.isInteger(requested) && requested > 0 && requested <= pageSizeMax) return requested;
  throw invalid("pageSize", `must be a whole number from 1 to ${pageSizeMax}`);
}
