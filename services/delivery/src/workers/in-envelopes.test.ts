import { expect, it } from "vitest";
import { compileEnvelope, defaultEnvelope } from "../domain/envelope.ts";
import { inEnvelopes } from "./in-envelopes.ts";

it("what is sent in one envelope is one event, with a body of its own", () => {
  const body = Buffer.from("rendered before");
  const uuid = "01890000-0000-7000-8000-000000000001";
  const data = Buffer.from("{}");
  const event = { uuid, type: "order.created", time: "t", data, traceparent: "", body };
  const v2 = compileEnvelope({ revision: "1", version: "v2" }, []);
  const inEnvelope = inEnvelopes(event);
  expect(inEnvelope(defaultEnvelope)).toBe(event);
  expect(inEnvelope(v2)).toBe(inEnvelope(v2));
  expect(inEnvelope(v2)).toEqual({ ...event, envelope: v2, body: undefined });
});
