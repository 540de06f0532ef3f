/** How a new secret takes over: beside the old one for a while, or in its place at once. */
export type Rotation = "OVERLAP" | "AT_ONCE";

/** What customers may do with signing secrets, as a provider file has it. */
export interface SecretPolicy {
  /** Whether a secret can be read again after it was made. */
  readonly readable?: boolean;
  /** Whether a customer may set a secret of his own. */
  readonly custom?: boolean;
  /** Whether a webhook made without a secret has none. */
  readonly optional?: boolean;
  /** Left out: as the signatures allow. */
  readonly rotation?: Rotation;
}
