/** The most that a message may have, in both directions of a stream each. */
export const messageBytesMax = 8 * 1_024 * 1_024;

/** The most that a request's head may have; beyond it the answer is 431. */
export const headBytesMax = 16 * 1_024;

/** How many headers a request may have; beyond it the answer is 431. */
export const headerCountMax = 100;

/** How long a request may take to arrive, a stream of requests over HTTP/2 aside; then 408. */
export const requestTimeoutMs = 30_000;

/** How long calls under way may go on when the server stops. */
export const drainTimeoutMs = 10_000;

/** How many connections at once; further ones are closed as they come. */
export const connectionCountMax = 10_000;
