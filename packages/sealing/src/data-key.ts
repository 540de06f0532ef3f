import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { closeBox, openBox } from "./box.ts";
import { derive, type MasterKey } from "./master-key.ts";

const keyBytes = 32;
const formatVersion = 1;
const masterIdBytes = 4;
const headBytes = 2 + masterIdBytes;
const wrapContext = "posthorn data key";

/** The key of one provider's secrets. It shows nothing of itself when logged or turned into JSON. */
export interface DataKey {
  readonly kind: "data";
  readonly key: KeyObject;
  /** 1 to 255; written into everything it seals. */
  readonly version: number;
}

/**
 * Makes a data key, and its wrapped form for storing: format version, key version, 4 bytes that tell
 * which master key wrapped it, and the encrypted key. `version` tells keys of one provider apart.
 */
export function newDataKey(
  master: MasterKey,
  version = 1,
): { readonly dataKey: DataKey; readonly wrapped: Uint8Array } {
  if (!Number.isInteger(version) || version < 1 || version > 255) {
    throw new Error("version of a data key must be 1 to 255");
  }
  const plaintext = randomBytes(keyBytes);
  const head = Buffer.concat([Buffer.of(formatVersion, version), masterId(master)]);
  const wrapped = closeBox({ key: wrappingKey(master), head, plaintext, context: wrapContext });
  return { dataKey: dataKeyOf(plaintext, version), wrapped };
}

/** Unwraps a data key. Throws a plain Error that tells another master key from damage. */
export function unwrapDataKey(master: MasterKey, wrapped: Uint8Array): DataKey {
  if (wrapped[0] !== formatVersion) throw new Error("wrapped data key has an unknown format");
  if (!masterId(master).equals(wrapped.subarray(2, headBytes))) {
    throw new Error("data key was wrapped with another master key");
  }
  const key = wrappingKey(master);
  const plaintext = openBox({ key, headBytes, box: wrapped, context: wrapContext });
  const version = wrapped[1];
  if (plaintext?.length !== keyBytes || version === undefined) {
    throw new Error("wrapped data key is damaged");
  }
  return dataKeyOf(plaintext, version);
}

function dataKeyOf(bytes: Uint8Array, version: number): DataKey {
  return { kind: "data", key: createSecretKey(bytes), version };
}

function wrappingKey(master: MasterKey): KeyObject {
  return createSecretKey(derive(master, "wrap data keys"));
}

function masterId(master: MasterKey): Buffer {
  return Buffer.from(derive(master, "master key id").subarray(0, masterIdBytes));
}
