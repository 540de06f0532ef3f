import pg from "pg";

/** A table and its rows, each as text; bytes stand in it as `\x` and hex digits. */
export interface TableText {
  readonly table: string;
  readonly text: string;
}

/**
 * Reads every row of every table of a database. Of the log, all but the records of `exceptTopic`:
 * those are as producers wrote them.
 */
export async function allRows(url: string, exceptTopic: string): Promise<TableText[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname not in ('pg_catalog', 'information_schema')
         and format('%I.%I', schemaname, tablename) not in (
           select 'bus.segment_' || segment.id from bus.segment
           join bus.topic on topic.id = topic_id where topic.name = $1)`,
      [exceptTopic],
    );
    const texts: TableText[] = [];
    for (const { name: table } of tables) {
      const { rows } = await client.query<{ row: string }>(`select t::text as row from ${table} t`);
      texts.push({ table, text: rows.map(({ row }) => row).join("\n") });
    }
    return texts;
  } finally {
    await client.end();
  }
}

/** Tells whether a text holds a secret: plainly, in hex digits, in base64, or as its bare bytes. */
export function holds(text: string, secret: string): boolean {
  const bare = secret.replace(/^whsec_/, "");
  const bytes = [Buffer.from(secret), Buffer.from(bare, "base64")];
  const forms = bytes.flatMap((it) => [it.toString("hex"), it.toString("base64")]);
  return [secret, bare, ...forms].some((form) => text.includes(form.replace(/=+$/, "")));
}
