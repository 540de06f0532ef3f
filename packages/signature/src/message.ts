const idForm = /^[\x21-\x2d\x2f-\x7e]{1,256}$/;
const timestampForm = /^(?:0|[1-9][0-9]{0,11})$/;

/**
 * What is wrong with a message's id; undefined = nothing. A dot would let the border between id,
 * timestamp and body be moved without changing the signed bytes.
 */
export function idProblem(id: string): string | undefined {
  return idForm.test(id) ? undefined : "id must be 1 to 256 visible characters without a dot";
}

/** Reads the timestamp header: seconds since 1970 in plain decimal; undefined = malformed. */
export function parseTimestamp(text: string): number | undefined {
  return timestampForm.test(text) ? Number(text) : undefined;
}

/** Gives what stands before the body in the signed bytes. */
export function signedPrefix(id: string, timestampS: number): string {
  return `${id}.${timestampS}.`;
}
