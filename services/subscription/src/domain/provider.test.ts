import { expect, test } from "vitest";
import {
  bareProvider,
  displayNameOf,
  hasPublicKeys,
  keyPrefixOf,
  overlapping,
  retryDelaysOf,
  sharesSecrets,
  signaturesOf,
  userAgentOf,
  webhooksMaxOf,
} from "./provider.ts";

test("has a default for all that a file leaves out", () => {
  const provider = bareProvider("acme");
  expect(displayNameOf(provider)).toBe("acme");
  expect(userAgentOf(provider)).toBe("acme-Webhooks/1.0");
  expect(keyPrefixOf(provider)).toBe("ph_");
  expect(signaturesOf(provider)).toEqual([{ scheme: "STANDARD" }]);
  expect(webhooksMaxOf(provider)).toBe(50);
});

test("tries ten times over 75 h 35 m unless the file says otherwise", () => {
  const delaysMs = retryDelaysOf(bareProvider("acme"));
  const minutes = [5 / 60, 5, 30, 120, 300, 600, 840, 1_200, 1_440];
  expect(delaysMs).toEqual(minutes.map((count) => count * 60_000));
  const totalMs = delaysMs.reduce((sum, delayMs) => sum + delayMs, 0);
  expect(totalMs).toBe(((75 * 60 + 35) * 60 + 5) * 1_000);
});

test.each([
  { displayName: "Demo", userAgent: "Demo-Webhooks/1.0" },
  { displayName: "My Company, Inc.", userAgent: "My-Company-Inc.-Webhooks/1.0" },
  { displayName: "Käse", userAgent: "K-se-Webhooks/1.0" },
  { displayName: "日本", userAgent: "acme-Webhooks/1.0" },
])("calls itself $userAgent for $displayName", ({ displayName, userAgent }) => {
  expect(userAgentOf({ ...bareProvider("acme"), displayName })).toBe(userAgent);
});

const hmac = { scheme: "HMAC", header: "x-a" } as const;
const ed25519 = { scheme: "STANDARD_ED25519" } as const;
const rfc9421 = { scheme: "RFC9421", algorithm: "ED25519" } as const;

test.each([
  { signatures: [], secrets: true, keys: false, overlap: "all" },
  { signatures: [hmac], secrets: true, keys: false, overlap: "none" },
  { signatures: [hmac, ed25519], secrets: true, keys: true, overlap: "some" },
  { signatures: [ed25519], secrets: false, keys: true, overlap: "all" },
  { signatures: [rfc9421], secrets: false, keys: true, overlap: "none" },
])("knows what $signatures needs", ({ signatures, secrets, keys, overlap }) => {
  const provider = { ...bareProvider("acme"), signatures };
  expect(sharesSecrets(provider)).toBe(secrets);
  expect(hasPublicKeys(provider)).toBe(keys);
  expect(overlapping(provider)).toBe(overlap);
});
