const unreachable =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|META_FETCH_FAIL|error sending request|dns error/i;
const refused = /\bE40[13]\b|\b40[13] (Unauthorized|Forbidden)|ERR_PNPM_FETCH_40[13]/;
const missing = /\bE404\b|ETARGET|ERR_PNPM_(FETCH_404|NO_MATCHING_VERSION)/;
const stale = /ERR_PNPM_OUTDATED_LOCKFILE|frozen-lockfile/i;
const full = /ENOSPC|No space left/i;
const forbidden = /EACCES|EPERM|EROFS|Permission denied|Read-only file system/i;

/** Gives, from what a failed installation wrote, what to do about it; undefined when unknown. */
export function reasonOf(output, root) {
  if (full.test(output)) return "The disk is full: make room and try again.";
  if (forbidden.test(output)) {
    return `No permission to write: check who owns ${root} and npm's cache.`;
  }
  if (refused.test(output))
    return "The npm registry refuses access: check `npm config get registry`.";
  if (missing.test(output)) {
    return "The npm registry lacks a package: check `npm config get registry`, or try another.";
  }
  if (stale.test(output)) {
    return "pnpm-lock.yaml does not fit the package.json files: run `npx pnpm@12.21.0 install`.";
  }
  if (unreachable.test(output)) {
    return "The npm registry cannot be reached: check the network and `npm config get registry`.";
  }
  return undefined;
}
