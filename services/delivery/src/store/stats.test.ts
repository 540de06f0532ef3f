import type { Postgres } from "@posthorn/postgres";
import { newUuid } from "@posthorn/runtime";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emptyTables } from "../testing/tables.ts";
import type { Database } from "./database.ts";
import type { Counted } from "./fragment.ts";
import { deleteStats, latencyBoundsMs, listStats, type StatScope, statCtes } from "./stats.ts";

let postgres: Postgres<Database>;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ postgres, close } = await emptyTables({ enable_seqscan: "off" }));
});
afterAll(() => close());

const startedAt = new Date("2026-11-21T14:20:00Z");
const range = {
  after: new Date("2026-11-21T00:00:00Z"),
  before: new Date("2026-11-22T00:00:00Z"),
  stepMs: 3_600_000,
};

/** A webhook of its own, and attempts at it. */
function setup() {
  const workspaceUuid = newUuid();
  const webhookUuid = newUuid();
  const attempt = (changes: Partial<Counted> = {}): Counted => ({
    lease: 0,
    provider: "demo",
    workspaceUuid,
    webhookUuid,
    outcome: "SUCCEEDED",
    statusCode: 200,
    durationMs: 3,
    startedAt,
    state: "SUCCEEDED",
    ...changes,
  });
  return { attempt, scope: { workspaceUuid, webhookUuid } satisfies StatScope };
}

/** Counts in a statement that holds leases 0 and 2. */
async function count(...counted: readonly Counted[]): Promise<void> {
  const held = sql`held as (select * from (values (0, 7), (2, 8)) as h (lease, partition))`;
  const recorded = sql`new_attempt as (select 1)`;
  await sql`with ${held}, ${recorded}${statCtes(counted).ctes} select from held`.execute(
    postgres.db,
  );
}

describe("an attempt", () => {
  test.each([
    ["SUCCEEDED", 204, "succeeded"],
    ["HTTP_ERROR", 302, "redirected"],
    ["HTTP_ERROR", 404, "client_error"],
    ["HTTP_ERROR", 503, "server_error"],
    ["TIMEOUT", 0, "timed_out"],
    ["TIMEOUT", 200, "timed_out"],
    ["DNS_ERROR", 0, "dns_error"],
    ["CONNECT_ERROR", 0, "connect_error"],
    ["TLS_ERROR", 0, "tls_error"],
    ["REFUSED_ADDRESS", 0, "refused_address"],
    ["PROTOCOL_ERROR", 0, "protocol_error"],
  ] as const)(
    "that ends as %s %d counts as %s, and nothing else",
    async (outcome, status, name) => {
      const { attempt, scope } = setup();
      await count(attempt({ outcome, statusCode: status, state: "PENDING" }));
      const [stat] = await listStats(postgres.db, scope, range);
      const counted = Object.entries(stat?.counts ?? {}).filter(([, value]) => value !== 0);
      expect(counted).toEqual([[name, 1]]);
    },
  );

  test.each([
    [0, 0],
    [0.4, 0],
    [1, 0],
    [1.001, 1],
    [2, 1],
    [2.5, 2],
    [16_384, 14],
    [16_384.1, 15],
    [30_000, 15],
  ])("of %d ms counts in range %d", async (durationMs, place) => {
    const { attempt, scope } = setup();
    await count(attempt({ durationMs }));
    const [stat] = await listStats(postgres.db, scope, range);
    const expected = Array.from({ length: latencyBoundsMs.length + 1 }, (_, n) =>
      n === place ? 1 : 0,
    );
    expect(stat?.lengths).toEqual(expected);
    expect(stat?.durationMs).toBeCloseTo(durationMs, 2);
  });

  test("that ends its delivery counts the delivery", async () => {
    const { attempt, scope } = setup();
    const failed = { outcome: "TIMEOUT", statusCode: 0 } as const;
    await count(
      attempt(),
      attempt({ ...failed, state: "PENDING" }),
      attempt({ ...failed, state: "EXHAUSTED" }),
    );
    const [stat] = await listStats(postgres.db, scope, range);
    expect(stat?.counts).toMatchObject({ delivered: 1, exhausted: 1, timed_out: 2 });
  });

  test("of a lease that is lost counts nothing", async () => {
    const { attempt, scope } = setup();
    const other = { lease: 2, webhookUuid: newUuid() };
    await count(attempt(), attempt({ lease: 1 }), attempt(other));
    const [stat] = await listStats(postgres.db, { workspaceUuid: scope.workspaceUuid }, range);
    expect(stat?.counts).toMatchObject({ succeeded: 2 });
  });
});

describe("numbers", () => {
  test("add up over statements, an hour a row", async () => {
    const { attempt, scope } = setup();
    const next = new Date("2026-11-21T15:00:00Z");
    await count(attempt(), attempt({ startedAt: next }), attempt());
    await count(attempt({ startedAt: next }), attempt({ durationMs: 100 }));
    const stats = await listStats(postgres.db, scope, range);
    expect(stats).toMatchObject([
      { at: new Date("2026-11-21T14:00:00Z"), counts: { succeeded: 3 }, durationMs: 106 },
      { at: next, counts: { succeeded: 2 }, durationMs: 6 },
    ]);
    const { rows } =
      await sql`select from delivery.stat where webhook_id = ${scope.webhookUuid}`.execute(
        postgres.db,
      );
    expect(rows).toHaveLength(2);
  });

  test("add up over a workspace's webhooks, and over a provider's workspaces", async () => {
    const [one, other] = [setup(), setup()];
    const provider = "numbers";
    const { workspaceUuid } = one.scope;
    await count(
      one.attempt({ provider }),
      one.attempt({ provider, webhookUuid: newUuid() }),
      other.attempt({ provider }),
    );
    const sumOf = async (scope: StatScope) =>
      (await listStats(postgres.db, scope, range)).map(({ counts }) => counts.succeeded);
    expect(await sumOf(one.scope)).toEqual([1]);
    expect(await sumOf({ workspaceUuid })).toEqual([2]);
    expect(await sumOf({ provider })).toEqual([3]);
  });

  test("that are old are deleted, of every provider", async () => {
    const { attempt, scope } = setup();
    const old = new Date("2026-08-01T00:00:00Z");
    await count(
      attempt({ startedAt: old, provider: "a" }),
      attempt({ startedAt: old, provider: "z", webhookUuid: newUuid() }),
      attempt({ provider: "a" }),
    );
    expect(await deleteStats(postgres.db, new Date("2026-08-02T00:00:00Z"))).toBe(2);
    expect(await deleteStats(postgres.db, new Date("2026-08-02T00:00:00Z"))).toBe(0);
    expect(await listStats(postgres.db, scope, range)).toHaveLength(1);
  });
});
