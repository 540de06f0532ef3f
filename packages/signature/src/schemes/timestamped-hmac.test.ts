import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { sign } from "../sign.ts";
import { verify } from "../verify.ts";

const how = { scheme: "timestamped-hmac", header: "X-Acme-Signature" } as const;
const nowS = 1_760_000_000;
const body = Buffer.from('{"a":1}');
const [fresh, old] = ["whsec_new", "whsec_old"];
const digestBy = (secret: string, time = String(nowS)) =>
  createHmac("sha256", secret).update(`${time}.{"a":1}`).digest("hex");
const received = { ...how, secrets: [fresh], body, nowS };

test("signs time and body with the text of every secret, newest first", () => {
  expect(sign({ ...how, secrets: [fresh, old], id: "evt_1", timestampS: nowS, body })).toEqual({
    "x-acme-signature": `t=${nowS},v1=${digestBy(fresh)},v1=${digestBy(old)}`,
  });
});

test.each([
  ["beside versions it does not know", `t=${nowS},v0=x,v1=${digestBy(fresh)},v2=y`],
  ["in another order", `v1=${digestBy(fresh)},t=${nowS}`],
  ["beside another's", `t=${nowS},v1=${digestBy(old)},v1=${digestBy(fresh)}`],
])("finds the signature %s", (_name, value) => {
  const headers = { "X-Acme-Signature": value };
  expect(verify({ ...received, headers })).toEqual({ ok: true });
});

test.each([
  ["without a time", `v1=${digestBy(fresh)}`, "t must be there exactly once"],
  ["with two times", `t=${nowS},t=1,v1=${digestBy(fresh)}`, "t must be there exactly once"],
  ["with a time of another form", `t=1e9,v1=${digestBy(fresh, "1e9")}`, "whole seconds"],
  ["with another time than was signed", `t=${nowS + 1},v1=${digestBy(fresh)}`, "no signature"],
  ["without a v1", `t=${nowS},v0=${digestBy(fresh)}`, "no signature"],
  ["with blanks between its parts", `t=${nowS}, v1=${digestBy(fresh)}`, "no signature"],
  ["after forty other parts", `t=${nowS},${"v1=a,".repeat(40)}v1=${digestBy(fresh)}`, "no sig"],
])("refuses a message %s", (_name, value, problem) => {
  const headers = { "x-acme-signature": value };
  expect(verify({ ...received, headers })).toEqual({ problem: expect.stringContaining(problem) });
});
