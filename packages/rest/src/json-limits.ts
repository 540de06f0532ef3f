/**
 * What JSON from outside may be. `data` of an event has a limit of its own, 64; what stands around
 * it in a body takes a few levels more.
 */
export const jsonLimits = { depthMax: 80, keysMax: 10_000 };
