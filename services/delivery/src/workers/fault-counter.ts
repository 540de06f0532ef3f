/** A delivery that fails by a defect of ours this often is hopeless. */
const faultsMax = 3;
/** Deliveries that are remembered; beyond, counting begins anew. */
const countsMax = 10_000;

/** Counts defects by delivery, in memory. */
export interface FaultCounter {
  /** Counts one more; true when it is the third of this delivery, which is then forgotten. */
  isHopeless(deliveryUuid: string): boolean;
}

/** Makes a counter that has seen nothing. */
export function faultCounter(): FaultCounter {
  const counts = new Map<string, number>();
  return {
    isHopeless(deliveryUuid) {
      const count = (counts.get(deliveryUuid) ?? 0) + 1;
      if (counts.size >= countsMax) counts.clear();
      if (count < faultsMax) counts.set(deliveryUuid, count);
      else counts.delete(deliveryUuid);
      return count >= faultsMax;
    },
  };
}
