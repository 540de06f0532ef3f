import { newSecret, sign, verify } from "@posthorn/signature";

const secrets = [newSecret()];
const body = Buffer.from('{"type":"order.created"}');
const timestampS = Math.floor(Date.now() / 1000);
const headers = sign({ scheme: "standard", secrets, id: "evt_1", timestampS, body });
const result = verify({ scheme: "standard", secrets, headers, body, nowS: timestampS });
if ("problem" in result) throw new Error(result.problem);
