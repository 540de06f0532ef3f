import { randomBytes } from "node:crypto";
import { newMasterKey } from "@posthorn/sealing";
import type { SubscriptionService } from "@posthorn/subscription";
import type { DataDir } from "./data-dir.ts";
import { foldersOf } from "./database.ts";
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
  /** Where the files of a Postgres of our own are. */
  readonly databaseDir: string | undefined;
  /** Undefined: only the admin key. */
  readonly demo: { readonly file: Uint8Array; readonly workspace: string } | undefined;
}

/**
 * Makes the first keys of an empty database and keeps them in the data folder before they count.
 * Throws Refusal when its secrets were sealed with another master key.
 */
export async function makeFirstKeys(
  { bootstrap, bootstrapAdmin, fitsMasterKey }: SubscriptionService,
  first: FirstStart,
): Promise<void> {
  const { master, dataDir, demo } = first;
  if (!(await fitsMasterKey())) throw new Refusal(otherKey(first));
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
  // Without a provider nothing is sealed yet, so that any key fits.
  if (!isFirst && master.isNew) await dataDir.write("master-key", master.text);
}

function otherKey({ master, dataDir, databaseDir }: FirstStart): string {
  const path = dataDir.pathOf("master-key");
  if (!master.isNew) {
    return `The secrets in the database were sealed with another master key: see POSTHORN_MASTER_KEY and ${path}.`;
  }
  const folders = foldersOf(dataDir.path, databaseDir);
  return `${path} is missing, and the secrets in the database cannot be read without it: put it back, or remove ${folders} to start anew.`;
}
