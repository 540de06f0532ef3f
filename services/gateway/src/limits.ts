/** The most that a body may have; beyond it the answer is 413. */
export const bodyBytesMax = 8 * 1_024 * 1_024;

/** The most that a request's head may have; beyond it the answer is 431. */
export const headBytesMax = 16 * 1_024;

/** How many headers a request may have; beyond it the answer is 431. */
export const headerCountMax = 100;

/** How many connections at once; further ones are closed as they come. */
export const connectionCountMax = 10_000;

/** How long a request's head may take to arrive. */
export const headTimeoutMs = 15_000;

/** How long a connection without a request is kept. */
export const keepAliveTimeoutMs = 65_000;
