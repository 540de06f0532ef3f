const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/**
 * The partition of a workspace: FNV-1a (32 bit) of the id's UTF-8 bytes, modulo the count. The
 * same for every log, release and language: records, schedules and leases are spread by it.
 */
export function partitionOf(workspaceId: string, partitionCount: number): number {
  return fnv1a32(workspaceId) % partitionCount;
}

/** FNV-1a, 32 bit, as an unsigned number: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function fnv1a32(text: string): number {
  let hash = offsetBasis;
  for (const byte of Buffer.from(text)) {
    hash = Math.imul(hash ^ byte, prime);
  }
  return hash >>> 0;
}
