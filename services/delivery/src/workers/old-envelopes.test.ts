import { create } from "@bufbuild/protobuf";
import { AppError } from "@posthorn/errors";
import { GetEnvelopesResponseSchema } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { expect, it } from "vitest";
import { OldEnvelopes } from "./old-envelopes.ts";

const pin = { revision: "3", version: "v2" };
const source = { uuid: "", type: "order.created", time: "t", data: Buffer.from("{}") };

/** Envelopes of a provider that had revisions 3 and 4; counts how often they are asked for. */
function setup() {
  const state = { askedCount: 0, isDown: false };
  const envelopes = new OldEnvelopes({
    async getEnvelopes({ revision = 0n }) {
      state.askedCount += 1;
      if (state.isDown) throw new AppError("unavailable", "down");
      if (revision === 3n || revision === 4n) {
        return create(GetEnvelopesResponseSchema, { envelopes: [{ version: "v2" }] });
      }
      throw new AppError("not_found", "no such revision");
    },
  });
  return { state, envelopes };
}

it("a revision is asked for once, however many of its envelopes are wanted", async () => {
  const { state, envelopes } = setup();
  expect(await envelopes.get("acme", pin)).toBe(await envelopes.get("acme", pin));
  expect(await envelopes.get("acme", pin)).toMatchObject(pin);
  expect(state.askedCount).toBe(1);
  await envelopes.get("acme", { ...pin, revision: "4" });
  await envelopes.get("other", pin);
  expect(state.askedCount).toBe(3);
});

it("what cannot be asked for now is asked for again", async () => {
  const { state, envelopes } = setup();
  state.isDown = true;
  await expect(envelopes.get("acme", pin)).rejects.toMatchObject({ reason: "unavailable" });
  state.isDown = false;
  expect(await envelopes.get("acme", pin)).toMatchObject(pin);
});

it.each([
  ["version", { ...pin, version: "v9" }],
  ["revision", { ...pin, revision: "9" }],
])("a %s that there never was is an envelope that cannot be rendered", async (_name, unknown) => {
  const envelope = await setup().envelopes.get("acme", unknown);
  expect(() => envelope.render(source)).toThrow("there is no envelope");
});
