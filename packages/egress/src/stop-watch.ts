/** Something that can be given up. */
export interface Abandonable {
  giveUp(): void;
}

/**
 * Watches signals for many exchanges with one listener each: the listeners of a signal form a list
 * that is searched from its start whenever one leaves, which hundreds in flight would feel.
 */
export function stopWatch(): {
  watch(signal: AbortSignal, one: Abandonable): void;
  forget(signal: AbortSignal, one: Abandonable): void;
} {
  const watched = new WeakMap<AbortSignal, Set<Abandonable>>();
  return {
    watch: (signal, one) => groupOf(signal).add(one),
    forget: (signal, one) => watched.get(signal)?.delete(one),
  };

  function groupOf(signal: AbortSignal): Set<Abandonable> {
    const known = watched.get(signal);
    if (known !== undefined) return known;
    const group = new Set<Abandonable>();
    watched.set(signal, group);
    signal.addEventListener("abort", () => {
      for (const one of group) one.giveUp();
    });
    return group;
  }
}
