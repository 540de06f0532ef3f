import type { FieldProblem } from "@posthorn/errors";
import { headersOf, isAsymmetric, type Scheme, type Signature } from "./signature.ts";

type Option = Exclude<keyof Signature, "scheme">;

const optionsOf: Readonly<Record<Scheme, readonly Option[]>> = {
  STANDARD: [],
  SVIX: [],
  STANDARD_ED25519: [],
  HMAC: ["header", "encoding", "prefix", "secretEncoding"],
  TIMESTAMPED_HMAC: ["header", "secretEncoding"],
  RFC9421: ["algorithm", "target", "label", "tag", "secretEncoding"],
};

/**
 * Gives what is wrong with a provider's ways to sign, beyond the shapes of their fields.
 * `checkHeader` gives why a header cannot be a signature's, or undefined.
 */
export function signatureProblems(
  signatures: readonly Signature[],
  checkHeader: (name: string) => string | undefined,
): FieldProblem[] {
  return signatures.flatMap((signature, index) => {
    const problems = [
      ...optionProblems(signature),
      ...headerProblems(signature, checkHeader),
      ...clashes(signature, signatures.slice(0, index)),
    ];
    return problems.map(({ field, ...problem }) => ({
      field: `signatures[${index}].${field}`,
      ...problem,
    }));
  });
}

function optionProblems(signature: Signature): FieldProblem[] {
  const { scheme, secretEncoding, ...rest } = signature;
  const given = Object.keys(signature).filter((name) => name !== "scheme") as Option[];
  const foreign = given.filter((name) => !optionsOf[scheme].includes(name));
  const problems = foreign.map((field) => ({ field, description: `is no option of ${scheme}` }));
  if (problems.length > 0 || !isAsymmetric({ scheme, ...rest })) return problems;
  if (secretEncoding === undefined) return [];
  return [{ field: "secretEncoding", description: "is no option of ED25519, which has no secret" }];
}

function headerProblems(
  { scheme, header }: Signature,
  checkHeader: (name: string) => string | undefined,
): FieldProblem[] {
  if (!optionsOf[scheme].includes("header")) return [];
  if (header === undefined) return [{ field: "header", description: `is required by ${scheme}` }];
  const description = checkHeader(header);
  return description === undefined ? [] : [{ field: "header", description }];
}

/** STANDARD and STANDARD_ED25519 share a header: their signatures stand side by side in it. */
function clashes(signature: Signature, earlier: readonly Signature[]): FieldProblem[] {
  const { scheme, header } = signature;
  const isFixed = !optionsOf[scheme].includes("header");
  if (isFixed && earlier.some((other) => other.scheme === scheme)) {
    return [{ field: "scheme", description: "is named twice" }];
  }
  const field = isFixed ? "scheme" : "header";
  const mine = new Set(header === "" ? [] : headersOf(signature));
  return earlier.flatMap((other, index) => {
    const shared = headersOf(other).find((name) => name !== "" && mine.has(name));
    if (shared === undefined) return [];
    return [{ field, description: `header ${shared} is written by signatures[${index}] too` }];
  });
}
