import { performance } from "node:perf_hooks";

const intervalMs = 250;

/** Shows one line with the seconds so far; without a terminal, the line alone. */
export function progress(text) {
  const startedAtMs = performance.now();
  if (!process.stderr.isTTY) {
    process.stderr.write(`${text} ...\n`);
    return { end: (line) => process.stderr.write(`${line}\n`) };
  }
  const show = () => {
    const seconds = Math.floor((performance.now() - startedAtMs) / 1000);
    process.stderr.write(`\r${text} ... ${seconds} s `);
  };
  show();
  const timer = setInterval(show, intervalMs);
  return {
    end(line) {
      clearInterval(timer);
      process.stderr.write(`\r\u001b[K${line}\n`);
    },
  };
}
