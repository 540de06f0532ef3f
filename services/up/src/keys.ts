import { randomBytes } from "node:crypto";
import { newMasterKey } from "@posthorn/sealing";
import type { SubscriptionService } from "@posthorn/subscription";
import type { DataDir } from "./data-dir.ts";
import { Refusal } from "./refusal.ts";

/** The key that wraps the data keys. */
export interface MasterKey {
  /** Base64 of 32 bytes. */
  readonly text: string;
  /** Whether it was made just now and lies nowhere yet. */
  readonly isNew: boolean;
}

/** Gives the key of the settings, else of the data folder, else a new one. */
export async function findMasterKey(
  given: string | undefined,
  dataDir: DataDir,
): Promise<MasterKey> {
  const known = given ?? (await dataDir.read("master-key"));
  return { text: known ?? newMasterKey(), isNew: known === undefined };
}

/** Gives what the services of this process show each other, and nobody else ever sees. */
export function newServiceKey(): string {
  return randomBytes(32).toString("base64url");
}

/** What the first start makes. */
export interface FirstStart {
  readonly master: MasterKey;
  readonly dataDir: DataDir;
  /** Undefined: only the admin key. */
  readonly demo: { readonly file: Uint8Array; readonly workspace: string } | undefined;
}

/**
 * Makes the first keys of an empty database and keeps them in the data folder before they count.
 * Throws Refusal when the database is older than the master key, since it could not be read.
 */
export async function makeFirstKeys(
  { bootstrap, bootstrapAdmin }: SubscriptionService,
  { master, dataDir, demo }: FirstStart,
): Promise<void> {
  const keep = async (adminKey: string) => {
    if (master.isNew) await dataDir.write("master-key", master.text);
    await dataDir.write("admin-key", adminKey);
  };
  const isFirst =
    demo === undefined
      ? await bootstrapAdmin({ keep })
      : await bootstrap({
          providerFile: { contentType: "application/yaml", data: demo.file },
          workspaceAlias: demo.workspace,
          async keep({ adminKey, operatorKey }) {
            await keep(adminKey);
            await dataDir.write("operator-key", operatorKey);
          },
        });
  if (isFirst || !master.isNew) return;
  throw new Refusal(
    `${dataDir.pathOf("master-key")} is missing, and the secrets in the database cannot be read ` +
      "without it: put it back, or remove the whole folder to start anew.",
  );
}
