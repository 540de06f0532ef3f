import { openConnection, request } from "./connection.ts";

/** Arrivals by path and webhook-id: the monotonic times, in microseconds, of each. */
export type Arrivals = Map<string, number[]>;

/** Reads, and has the receiver forget, what arrived at a path since the last reading; adds it. */
export async function collectArrivals(origin: string, into: Map<string, Arrivals>): Promise<void> {
  for (const [path, id, atUs] of await get<[string, string, number][]>(`${origin}/arrivals`)) {
    const ofPath = into.get(path) ?? new Map<string, number[]>();
    into.set(path, ofPath);
    const times = ofPath.get(id);
    if (times) times.push(atUs);
    else ofPath.set(id, [atUs]);
  }
}

/** How many POSTs came to paths that begin with `kind`, such as `/count`. */
export async function arrivedCount(origin: string, kind: string): Promise<number> {
  return (await get<Record<string, number>>(`${origin}/counts`))[kind] ?? 0;
}

async function get<T>(address: string): Promise<T> {
  const url = new URL(address);
  const connection = await openConnection(url.origin);
  try {
    const { body } = await connection.ask(request("GET", url));
    return JSON.parse(body.toString());
  } finally {
    connection.close();
  }
}
