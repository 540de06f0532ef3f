import { geteuid, seteuid } from "node:process";

const nobody = 65_534;

/** Runs without root's rights, which no file mode stops; as we are, when we are not root. */
export async function asOrdinaryUser<T>(run: () => Promise<T>): Promise<T> {
  const before = geteuid?.();
  if (before !== 0) return await run();
  seteuid?.(nobody);
  try {
    return await run();
  } finally {
    seteuid?.(before);
  }
}
