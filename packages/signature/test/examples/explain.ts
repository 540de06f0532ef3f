import { explainSignature, newSecret, sign } from "@posthorn/signature";

const secrets = [newSecret()];
const timestampS = 1_760_000_000;
const headers = sign({
  scheme: "standard",
  secrets,
  id: "evt_1",
  timestampS,
  body: Buffer.from('{"a":1}'),
});
export const faults = explainSignature({
  scheme: "standard",
  secrets,
  headers,
  body: Buffer.from('{ "a": 1 }'),
  nowS: timestampS,
});
export const [first] = faults;
// { reason: "body_reserialized", problem: "the body was parsed and written anew, which ...", advice }
