import { describe, expect, test } from "vitest";
import { bearer, clients, outcomeOf } from "../../test/clients.ts";
import { fixtureAuthority, keys, serviceKey } from "../../test/fixture.ts";
import type { WorkspaceQuery } from "../authority.ts";

/** Clients, and what their authority was asked. */
function setup() {
  const asked: WorkspaceQuery[] = [];
  const authority = fixtureAuthority();
  const all = clients({
    authority: {
      checkKey: authority.checkKey,
      async resolveWorkspace(query) {
        asked.push(query);
        return await authority.resolveWorkspace(query);
      },
    },
  });
  return { ...all, asked };
}

const event = { type: "order.created" };

describe("the workspace of a request", () => {
  test("is found by alias and by id, for an operator", async () => {
    const { webhooks } = setup();
    const options = bearer(keys.operator);
    const byAlias = await webhooks.getWebhook({ workspace: "globex" }, options);
    const byId = await webhooks.getWebhook({ workspace: "ws_globex" }, options);
    expect([byAlias.name, byId.name]).toEqual(["ws_globex", "ws_globex"]);
  });

  test("is created by a method that creates workspaces, and by no other", async () => {
    const { webhooks, publish, asked } = setup();
    const options = bearer(keys.operator);
    expect(await outcomeOf(webhooks.getWebhook({ workspace: "new" }, options))).toBe("not_found");
    const { id } = await publish.publishEvent({ workspace: "new", event }, options);
    expect(id).toBe("ws_new");
    expect(asked.map(({ create }) => create)).toEqual([false, true]);
  });

  test("is not created by a request that is refused", async () => {
    const { publish, asked } = setup();
    for (const type of ["", "unknown"]) {
      const request = { workspace: "new", event: { type } };
      const call = publish.publishEvent(request, bearer(keys.operator));
      expect(await outcomeOf(call)).toBe("invalid");
    }
    expect(asked).toEqual([]);
  });

  test("of another provider is not found", async () => {
    const { webhooks } = setup();
    const options = bearer(keys.otherOperator);
    expect(await outcomeOf(webhooks.getWebhook({ workspace: "acme" }, options))).toBe("not_found");
    const byId = webhooks.getWebhook({ workspace: "ws_acme" }, options);
    expect(await outcomeOf(byId)).toBe("not_found");
  });

  test.each([["ws_acme"], ["acme"]])("is a workspace key's own, named %s", async (workspace) => {
    const { webhooks } = setup();
    const { name } = await webhooks.getWebhook({ workspace }, bearer(keys.workspace));
    expect(name).toBe("ws_acme");
  });

  test.each([["globex"], ["ws_globex"], ["nowhere"], ["ws_nowhere"]])(
    "is not found when a workspace key names %s",
    async (workspace) => {
      const { webhooks, publish, asked } = setup();
      const options = bearer(keys.workspace);
      expect(await outcomeOf(webhooks.getWebhook({ workspace }, options))).toBe("not_found");
      const published = publish.publishEvent({ workspace, event }, options);
      expect(await outcomeOf(published)).toBe("not_found");
      expect(asked.some(({ create }) => create)).toBe(false);
    },
  );

  test("is told in the same words, whether it is another's or nobody's", async () => {
    const { webhooks } = setup();
    const messageFor = async (workspace: string) => {
      const call = webhooks.getWebhook({ workspace }, bearer(keys.workspace));
      return await call.catch((error: Error) => error.message.replaceAll(workspace, "X"));
    };
    expect(await messageFor("globex")).toBe(await messageFor("nowhere"));
  });

  test("of a service method is left to its handler", async () => {
    const { sync, asked } = setup();
    const request = { provider: "demo", workspace: "anything" };
    const { workspaceId } = await sync.resolveWorkspace(request, bearer(serviceKey));
    expect(workspaceId).toBe("anything");
    expect(asked).toEqual([]);
  });
});
