/** One customer of a provider. */
export interface Workspace {
  readonly provider: string;
  /** `ws_` + 26 characters. */
  readonly id: string;
  /** Empty: none. */
  readonly alias: string;
  /** Empty: the alias. */
  readonly displayName: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const aliasPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Tells whether a text may be a workspace's alias. What begins like an id may not. */
export function isAlias(text: string): boolean {
  return aliasPattern.test(text) && !text.startsWith("ws_");
}
