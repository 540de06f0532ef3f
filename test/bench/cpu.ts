import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100; // Linux: USER_HZ

interface Stat {
  readonly parent: number;
  /** Of the process and of its children that have ended. */
  readonly seconds: number;
}

/** CPU seconds, user and system, that a process and all below it have used so far. */
export function cpuSeconds(rootPid: number): number {
  const stats = new Map<number, Stat>();
  for (const entry of readdirSync("/proc")) {
    const stat = /^\d+$/.test(entry) ? readStat(entry) : undefined;
    if (stat) stats.set(Number(entry), stat);
  }
  let sum = 0;
  for (const [pid, { seconds }] of stats) if (isBelow(stats, pid, rootPid)) sum += seconds;
  return sum;
}

/** Memory that a process holds, in bytes. */
export function residentBytes(pid: number): number {
  const [, kib = "0"] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

function readStat(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, parent, ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(9, 13).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(parent), seconds: ticks / ticksPerSecond };
  } catch {
    return undefined; // it has just ended
  }
}

function isBelow(stats: ReadonlyMap<number, Stat>, pid: number, root: number): boolean {
  for (let at: number | undefined = pid; at; at = stats.get(at)?.parent) {
    if (at === root) return true;
  }
  return false;
}
