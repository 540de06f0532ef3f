import { AppError } from "@posthorn/errors";
import { expect, test } from "vitest";
import { bearer, clients } from "../../test/clients.ts";
import { fixtureAuthority, keys } from "../../test/fixture.ts";

/** A server whose database says that it is shutting down. */
function setup(isUnavailable?: (error: unknown) => boolean) {
  const outage = new Error("terminating connection due to administrator command");
  const authority = { ...fixtureAuthority(), resolveWorkspace: () => Promise.reject(outage) };
  const { webhooks } = clients({ authority, ...(isUnavailable && { isUnavailable }) });
  return { outage, call: () => webhooks.getWebhook({ workspace: "acme" }, bearer(keys.operator)) };
}

test("an outage that the server knows is unavailable, and says when to try again", async () => {
  const { outage, call } = setup((error) => error === outage);
  const refused = await call().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(AppError);
  expect(refused).toMatchObject({ reason: "unavailable", retryAfterMs: 1_000 });
  expect(String(refused)).not.toContain("administrator");
});

test("any other error is a defect", async () => {
  const { call } = setup();
  await expect(call()).rejects.toThrow(/internal error \(request /);
});
