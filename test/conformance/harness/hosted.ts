import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  eventually,
  type Answer as ReceiverAnswer,
  receiver,
  testDatabase,
} from "@posthorn/testkit";
import { expect } from "vitest";
import { type Answer, oneProcess, type Posthorn } from "../../harness/posthorn.ts";

/** A Posthorn that hosts providers by their files alone. */
export interface Hosted {
  readonly url: string;
  readonly posthorn: Posthorn;
  readonly adminKey: string;
  /** The text of a provider's file in deploy/providers. */
  file(provider: string): string;
  /** Applies a provider file, YAML or JSON; gives the first operator key where it is new. */
  apply(file: string | object, query?: string): Promise<Answer>;
  /** The operator key of a provider that was applied at the start. */
  operatorKey(provider: string): string;
  /** A customer of the provider that nobody else in this file is. */
  customer(provider: string, options?: { readonly key?: string }): Customer;
  stop(): Promise<void>;
}

/** A workspace of a provider, as the provider's systems and its customer work with it. */
export interface Customer {
  readonly workspace: string;
  /** The operator's key, unless another was given. */
  readonly key: string;
  /** Calls `/v1/workspaces/{workspace}` + path. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** The same, and gives the body of the answer, which must be no error. */
  ask(method: string, path: string, body?: unknown): Promise<Answer["body"]>;
  /** Mints a key of this workspace. */
  mintKey(...scopes: readonly string[]): Promise<string>;
  /** Starts a receiver that answers as told, and registers a webhook to it. */
  listen(options?: ListenOptions): Promise<Listening>;
  /** Publishes; gives the event as it was accepted. The body may be JSON text, byte for byte. */
  publish(event: object | string): Promise<Answer["body"]>;
  /** Waits until an event has passed over the one webhook that names its type; gives the reason. */
  skippedReason(event: string): Promise<string>;
}

export interface ListenOptions {
  readonly answers?: readonly ReceiverAnswer[];
  readonly webhook?: object;
}

/** A webhook with the receiver that it is sent to. */
export interface Listening {
  readonly target: Awaited<ReturnType<typeof receiver>>;
  readonly webhook: Answer["body"];
  /** `/webhooks/{webhook}`, for `call`. */
  readonly path: string;
}

/** Starts all of Posthorn and applies the files of the providers. */
export async function hosted(...providers: readonly string[]): Promise<Hosted> {
  const database = await testDatabase();
  const masterKey = randomBytes(32).toString("base64");
  const env = {
    DATABASE_URL: database.url,
    POSTHORN_MASTER_KEY: masterKey,
    POSTHORN_OUTGOING_IPS: "192.0.2.10,2001:db8::10",
  };
  const posthorn = await oneProcess({ env });
  const adminKey = readFileSync(join(posthorn.dataDir, "admin-key"), "utf8").trim();
  const operatorKeys = new Map<string, string>();
  let customerCount = 0;
  const one: Hosted = {
    url: posthorn.url,
    posthorn,
    adminKey,
    file: providerFile,
    apply: (file, query = "") =>
      posthorn.call("POST", `/v1/providers:apply${query}`, file, {
        key: adminKey,
        headers: { "content-type": typeof file === "string" ? "application/yaml" : json },
      }),
    operatorKey(provider) {
      const key = operatorKeys.get(provider);
      if (key === undefined) throw new Error(`${provider} was not applied`);
      return key;
    },
    customer(provider, { key = one.operatorKey(provider) } = {}) {
      customerCount += 1;
      return customer(posthorn, key, `customer-${customerCount}`);
    },
    async stop() {
      await posthorn.stop();
      await database.drop();
    },
  };
  for (const name of providers) {
    const { status, text, body } = await one.apply(providerFile(name));
    expect(status, text).toBe(200);
    operatorKeys.set(name, body.operatorKey);
  }
  return one;
}

const json = "application/json";

/** Gives the text of a provider's file in deploy/providers. */
export function providerFile(name: string): string {
  return readFileSync(new URL(`../../../deploy/providers/${name}.yaml`, import.meta.url), "utf8");
}

function customer(posthorn: Posthorn, key: string, workspace: string): Customer {
  const base = `/v1/workspaces/${workspace}`;
  const one: Customer = {
    workspace,
    key,
    call: (method, path, body) => posthorn.call(method, `${base}${path}`, body, { key }),
    async ask(method, path, body) {
      const answer = await one.call(method, path, body);
      expect(answer.status, answer.text).toBeLessThan(300);
      return answer.body;
    },
    async mintKey(...scopes) {
      const draft = { workspace, scopes };
      const answer = await posthorn.call("POST", "/v1/api-keys", draft, { key });
      expect(answer.status, answer.text).toBe(200);
      return answer.body.key;
    },
    async listen({ answers = [200], webhook = {} } = {}) {
      const target = await receiver({ answers });
      const draft = { url: target.url, ...webhook };
      const created = await one.ask("POST", "/webhooks", draft);
      return { target, webhook: created, path: `/webhooks/${created.id}` };
    },
    publish: (event) => one.ask("POST", "/events", event),
    skippedReason: (event) =>
      eventually(async () => {
        const { skipped = [] } = await one.ask("GET", `/events/${event}`);
        expect(skipped).toHaveLength(1);
        return skipped[0].reason;
      }),
  };
  return one;
}
