import { receiver } from "@posthorn/testkit";
import { expect } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";
import { freeType, send } from "./scene.ts";
import { withoutHealth } from "./without-health.ts";

/** A customer with one object of each kind, and a key that may do all that a customer may. */
export interface Tenant {
  readonly id: string;
  readonly alias: string;
  readonly key: string;
  /** Of the path variables of the REST API. */
  readonly ids: {
    readonly workspace: string;
    readonly webhook: string;
    readonly event: string;
    readonly delivery: string;
    readonly replay: string;
  };
}

/** Every scope that a customer's key can have. */
export const scopes = [
  "webhooks",
  "webhooks:read",
  "events:publish",
  "deliveries",
  "deliveries:read",
  "secrets",
];

/** Makes a workspace with a webhook that is delivered to, once. */
export async function tenant(posthorn: Posthorn, alias: string): Promise<Tenant> {
  const target = await receiver();
  const path = `/v1/workspaces/${alias}`;
  const call = async (method: string, at: string, body?: object) => {
    const answer = await send(posthorn, method, at, body && { body });
    expect(answer.status, answer.text).toBeLessThan(300);
    return answer.body;
  };
  const webhook = (await call("POST", `${path}/webhooks`, { url: target.url })).id;
  const event = (await call("POST", `${path}/events`, { type: freeType, data: {} })).id;
  await target.next();
  await target.close();
  const after = new Date(Date.now() - 60_000).toISOString();
  const missing = { webhook, filter: "MISSING", after };
  const replay = (await call("POST", `${path}/replays`, missing)).id;
  const [delivery] = (await call("GET", `${path}/events/${event}`)).deliveries;
  const { id } = await call("GET", path);
  const { key } = await makeKey(posthorn, alias, scopes);
  return { id, alias, key, ids: { workspace: id, webhook, event, delivery: delivery.id, replay } };
}

/** Makes a key of a workspace. */
export async function makeKey(posthorn: Posthorn, workspace: string, its: readonly string[]) {
  const made = await send(posthorn, "POST", "/v1/api-keys", { body: { workspace, scopes: its } });
  expect(made.status, made.text).toBe(200);
  return made.body as { id: string; key: string };
}

/** Reads all that a customer has, to see whether somebody else changed it. */
export async function belongings(posthorn: Posthorn, { id, key, ids }: Tenant): Promise<unknown[]> {
  const path = `/v1/workspaces/${id}`;
  const names = ["", "/webhooks", "/events", "/deliveries", `/deliveries/${ids.delivery}/attempts`];
  const read = async (name: string) =>
    withoutHealth((await send(posthorn, "GET", path + name, { key })).body);
  return await Promise.all(names.map(read));
}
