export { type DataKey, newDataKey, unwrapDataKey } from "./data-key.ts";
export { derive, type MasterKey, masterKey, newMasterKey } from "./master-key.ts";
export { open, seal, sealOverheadBytes } from "./seal.ts";
export { signingSeed } from "./signing-seed.ts";
