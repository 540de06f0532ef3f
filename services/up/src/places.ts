/** Where this process listens, as its users write it. */
export interface Place {
  /** `http://127.0.0.1:8420` */
  readonly baseUrl: string;
  /** `127.0.0.1:8421` */
  readonly grpc: string;
}

/** Gathers where the parts listen. */
export interface Places {
  note(part: "http" | "grpc", address: { host: string; port: number }): void;
  /** Empty texts for what does not listen yet. */
  now(): Place;
}

/** Gives an empty gathering. */
export function places(): Places {
  const known = { http: "", grpc: "" };
  return {
    note(part, { host, port }) {
      known[part] = `${reachable(host)}:${port}`;
    },
    now: () => ({ baseUrl: `http://${known.http}`, grpc: known.grpc }),
  };
}

/** An address that means every one of the machine is none to connect to. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
