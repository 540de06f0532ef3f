/** How large a document may be inside; its bytes are the caller's to limit. */
export interface JsonLimits {
  /** How many objects and arrays may stand in one another; `[]` has depth 1, `1` depth 0. */
  readonly depthMax: number;
  /** How many keys one object may have. */
  readonly keysMax: number;
}
