import type { Figures } from "./figures.ts";

/** One run: where, when, and all of its figures. */
export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly rawLimitPerSecond: number;
  readonly figures: readonly Figures[];
}

/** The report as Markdown. */
export function toMarkdown({ date, machine, rawLimitPerSecond, figures }: Report): string {
  return [
    `Measured ${date} on ${machine}. Raw limit: ${round(rawLimitPerSecond)} signed 1 kB POSTs/s by a bare loop.`,
    "",
    "| what | set-up | deliveries/s | of the raw limit | accept to arrival p50 / p99, ms | request to arrival p50 / p99, ms | CPU µs a delivery: Node + Postgres | deliveries per CPU second | bytes a delivery: WAL, tables | lost, doubled | others | wanted |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ...figures.map(toRow),
    "",
  ].join("\n");
}

function toRow(row: Figures): string {
  const { acceptToArrivalMs: accept, requestToArrivalMs: request } = row;
  const cells = [
    row.scenario,
    row.setup,
    round(row.deliveriesPerSecond),
    row.share === undefined ? "" : `${(row.share * 100).toFixed(1)} %`,
    accept ? `${accept.p50.toFixed(1)} / ${accept.p99.toFixed(1)}` : "",
    request ? `${request.p50.toFixed(1)} / ${request.p99.toFixed(1)}` : "",
    row.nodeUsPerDelivery === undefined
      ? ""
      : `${round(row.nodeUsPerDelivery)} + ${round(row.postgresUsPerDelivery)}`,
    round(row.deliveriesPerCpuSecond),
    row.walBytesPerDelivery === undefined
      ? ""
      : `${round(row.walBytesPerDelivery)}, ${round(row.databaseBytesPerDelivery)}`,
    row.lost === undefined ? "" : `${row.lost}, ${row.doubled ?? 0}`,
    Object.entries(row.others ?? {})
      .map(([name, value]) => `${name}: ${value.toFixed(1)}`)
      .join("; "),
    row.marks.map(({ wanted, isMet }) => `${wanted}: ${isMet ? "met" : "NOT met"}`).join("; "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function round(value: number | undefined): string {
  return value === undefined ? "" : Math.round(value).toLocaleString("en");
}
