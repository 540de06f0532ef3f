import { spawn } from "node:child_process";
import { constants } from "node:os";
import { Failure } from "./failure.mjs";

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"];
/** A terminal signals every process of a command, and npm hands it on besides: that is one signal. */
const sameSignalMs = 500;

/**
 * Runs a command on our terminal until it ends, and hands on the signals that we get. Gives its
 * exit code (128 + n after signal n), and the signal if one was sent or ended it.
 */
export function run(command, args, { env }) {
  const child = spawn(command, args, { stdio: "inherit", env });
  return ended(child, command);
}

/** As `run`, but shows nothing; gives what it wrote. `onOutput` is called with each piece. */
export async function runQuietly(command, args, { env }) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  return { ...(await ended(child, command)), stdout, output };
}

function ended(child, command) {
  let sent;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  const onSignal = (signal) => {
    if (performance.now() - sentAtMs < sameSignalMs) return;
    sentAtMs = performance.now();
    sent = signal;
    child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, onSignal);
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      const reason = error.code === "ENOENT" ? "there is no such program" : error.message;
      reject(new Failure(`${command} cannot be run: ${reason}.`, 127));
    });
    child.on("close", (code, signal) => {
      for (const name of forwarded) process.off(name, onSignal);
      const exitCode = code ?? 128 + constants.signals[signal];
      resolve({ exitCode, signal: signal ?? sent });
    });
  });
}
