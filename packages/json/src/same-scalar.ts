/** Tells whether two strings of JSON, in their quotes, are the same text however it is spelt. */
export function isSameString(one: string, other: string): boolean {
  if (!one.includes("\\") && !other.includes("\\")) return one === other;
  return JSON.parse(one) === JSON.parse(other);
}

/**
 * Tells whether two numbers of JSON are the same one however it is written: `1`, `1.0` and `10e-1`
 * are. Exact, however many digits there are; exponents above 15 digits are compared as written.
 */
export function isSameNumber(one: string, other: string): boolean {
  const normal = decimal(one);
  return normal !== undefined && normal === decimal(other);
}

const numberForm = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,15}))?$/;

/** Gives a number as its sign, its significant digits and a power of ten; one text per number. */
function decimal(text: string): string | undefined {
  const [, sign = "", integer = "", fraction = "", exponent = "0"] = numberForm.exec(text) ?? [];
  if (integer === "") return undefined;
  const digits = `${integer}${fraction}`;
  const first = firstSignificant(digits);
  if (first === digits.length) return "0";
  const end = endOfSignificant(digits);
  const power = Number(exponent) - fraction.length + (digits.length - end);
  return `${sign}${digits.slice(first, end)}e${power}`;
}

function firstSignificant(digits: string): number {
  let at = 0;
  while (digits[at] === "0") at += 1;
  return at;
}

function endOfSignificant(digits: string): number {
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return end;
}
