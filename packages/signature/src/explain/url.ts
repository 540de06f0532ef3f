import type { VerifyOptions } from "../verify.ts";
import type { Guess, SignatureFault } from "./fault.ts";

/** Says that what stands for the URL is none; no signature can be looked at then. */
export function urlFaults(options: VerifyOptions): readonly SignatureFault[] {
  if (options.scheme !== "rfc9421" || URL.canParse(options.request.url)) return [];
  const problem = "the URL is none: it must be whole, with https:// and the host";
  return [{ reason: "url", problem, advice: "give the URL that the webhook is registered with" }];
}

/** The request as the sender saw it before a proxy: by the other protocol, or as POST. */
export function urlGuesses(options: VerifyOptions): readonly Guess[] {
  if (options.scheme !== "rfc9421") return [];
  const { method, url } = options.request;
  const other = url.startsWith("https:")
    ? url.replace("https:", "http:")
    : url.replace("http:", "https:");
  const slashed = url.endsWith("/") ? url.slice(0, -1) : `${url}/`;
  return [
    { method, url: other },
    { method, url: slashed },
    { method: "POST", url },
    { method: "POST", url: other },
  ].map((request) => ({
    faults: [
      {
        reason: "url",
        problem: `the request was signed as ${request.method} ${request.url}`,
        advice:
          "verify with the URL that the webhook is registered with, not the one behind a proxy",
      },
    ],
    options: { ...options, request },
  }));
}
