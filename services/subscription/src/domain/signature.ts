/** What is signed and under which headers. */
export type Scheme =
  | "STANDARD"
  | "SVIX"
  | "STANDARD_ED25519"
  | "HMAC"
  | "TIMESTAMPED_HMAC"
  | "RFC9421";

/** One way to sign, as a provider file has it: what the file leaves out is left out here. */
export interface Signature {
  readonly scheme: Scheme;
  readonly header?: string;
  readonly encoding?: "HEX" | "BASE64";
  readonly prefix?: string;
  readonly secretEncoding?: "TEXT" | "DECODED";
  readonly algorithm?: "HMAC_SHA256" | "ED25519";
  readonly target?: "TARGET_URI" | "AUTHORITY_AND_PATH";
  readonly label?: string;
  readonly tag?: string;
}

/** Whether receivers verify with a public key instead of the webhook's secret. */
export function isAsymmetric({ scheme, algorithm }: Signature): boolean {
  return scheme === "STANDARD_ED25519" || algorithm === "ED25519";
}

/** Whether old and new secret can sign side by side; else the newest signs alone. */
export function takesSeveral({ scheme }: Signature): boolean {
  return scheme !== "HMAC" && scheme !== "RFC9421";
}

/** Whether the text of a secret is the key as it stands; else the bytes that it is base64 of. */
export function takesText({ scheme, secretEncoding }: Signature): boolean {
  const isChoice = scheme === "HMAC" || scheme === "TIMESTAMPED_HMAC" || scheme === "RFC9421";
  return isChoice && secretEncoding !== "DECODED";
}

/** Gives the headers, in lower case, that a way to sign takes from the webhooks' own. */
export function headersOf({ scheme, header = "" }: Signature): readonly string[] {
  switch (scheme) {
    case "HMAC":
    case "TIMESTAMPED_HMAC":
      return [header.toLowerCase()];
    case "RFC9421":
      return ["signature", "signature-input", "content-digest"];
    case "STANDARD":
    case "STANDARD_ED25519":
    case "SVIX":
      return []; // No webhook may set a header with their prefixes.
  }
}
