/** Something that can be given up. */
export interface Abandonable {
  giveUp(): void;
  /** Its place among those of its signal; the watch's to write. */
  place: number;
}

/**
 * Watches signals for many exchanges with one listener each: the listeners of a signal form a list
 * that is searched from its start whenever one leaves, which hundreds in flight would feel. They
 * stand in arrays, as the tables that a Set leaves behind hold on to each other, and with them to
 * all that was ever in it, until a major collection.
 */
export function stopWatch(): {
  watch(signal: AbortSignal, one: Abandonable): void;
  forget(signal: AbortSignal, one: Abandonable): void;
} {
  const watched = new WeakMap<AbortSignal, Abandonable[]>();
  return {
    watch(signal, one) {
      const group = groupOf(signal);
      one.place = group.length;
      group.push(one);
    },
    forget(signal, one) {
      const group = watched.get(signal);
      const last = group?.[one.place] === one ? group.pop() : undefined;
      if (group === undefined || last === undefined || last === one) return;
      group[one.place] = last;
      last.place = one.place;
    },
  };

  function groupOf(signal: AbortSignal): Abandonable[] {
    const known = watched.get(signal);
    if (known !== undefined) return known;
    const group: Abandonable[] = [];
    watched.set(signal, group);
    signal.addEventListener("abort", () => {
      for (const one of group.splice(0)) one.giveUp();
    });
    return group;
  }
}
