import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 250;

/** Takes the lock, a file with a process id, once its holder is gone; gives what lets it go. */
export async function holdLock(path) {
  let isTold = false;
  while (!take(path)) {
    if (!isTold) console.error("Waiting for another installation in this folder.");
    isTold = true;
    await sleep(pollMs);
  }
  return () => rmSync(path, { force: true });
}

function take(path) {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!isHeld(path)) rmSync(path, { force: true });
  return false;
}

/** A holder that was killed holds nothing; one whom we may not signal (EPERM) is alive. */
function isHeld(path) {
  try {
    return process.kill(Number(readFileSync(path, "utf8")), 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
