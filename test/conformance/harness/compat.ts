import { receiver } from "@posthorn/testkit";
import { expect } from "vitest";
import type { Answer } from "../../harness/posthorn.ts";
import type { Customer, Hosted } from "./hosted.ts";

/** A customer who works with the paths of another system, with a workspace key of all scopes. */
export interface CompatCustomer {
  readonly one: Customer;
  readonly key: string;
  readonly target: Awaited<ReturnType<typeof receiver>>;
  /** Calls a path as it stands. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** The same, and gives the body of the answer, which must be no error. */
  ask(method: string, path: string, body?: unknown): Promise<Answer["body"]>;
}

const scopes = ["webhooks", "events:publish", "deliveries", "secrets"];

/** Makes a customer of a provider that nobody else in this file is, with a receiver of theirs. */
export async function compatCustomer(
  hosting: Hosted,
  provider: string,
  options: Parameters<typeof receiver>[0] = {},
): Promise<CompatCustomer> {
  const one = hosting.customer(provider);
  const key = await one.mintKey(...scopes);
  const call = (method: string, path: string, body?: unknown) =>
    hosting.posthorn.call(method, path, body, { key });
  return {
    one,
    key,
    target: await receiver(options),
    call,
    async ask(method, path, body) {
      const answer = await call(method, path, body);
      expect(answer.status, answer.text).toBeLessThan(300);
      return answer.body;
    },
  };
}
