const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const digits = Buffer.from(alphabet);
const hexDigits = Buffer.from("0123456789abcdef");
const hexLength = 32;
const textLength = 26;
/**
 * Where texts are written, one at a time: to join them character by character takes twice as long,
 * and the first to read such a text pays again.
 */
const scratch = Buffer.alloc(hexLength);
const noDigit = -1;
const hyphen = 0x2d;
/** The value of each character, by its code. */
const values = new Int8Array(128).fill(noDigit);
for (const [value, character] of [...alphabet].entries()) values[character.charCodeAt(0)] = value;

/**
 * Writes 32 hex digits (128 bits), however hyphens part them, as 26 characters of Crockford's
 * base32, in lower case.
 */
export function hexToBase32(hex: string): string {
  let length = 0;
  let bits = 0;
  // 26 characters hold 130 bits: the first two are zero.
  let bitCount = 2;
  for (let index = 0; index < hex.length; index += 1) {
    const code = hex.charCodeAt(index);
    if (code === hyphen) continue;
    bits = (bits << 4) | hexDigit(code);
    bitCount += 4;
    if (bitCount < 5) continue;
    bitCount -= 5;
    scratch[length] = digits[bits >> bitCount] ?? 0;
    length += 1;
    bits &= (1 << bitCount) - 1;
  }
  return scratch.toString("latin1", 0, length);
}

/** Reads what `hexToBase32` wrote; undefined for any other text, upper case too. */
export function base32ToHex(text: string): string | undefined {
  if (text.length !== textLength || text.charCodeAt(0) > 0x37) return undefined;
  let length = 0;
  let bits = 0;
  let bitCount = -2;
  for (let index = 0; index < textLength; index += 1) {
    const value = values[text.charCodeAt(index)] ?? noDigit;
    if (value === noDigit) return undefined;
    bits = (bits << 5) | value;
    bitCount += 5;
    while (bitCount >= 4) {
      bitCount -= 4;
      scratch[length] = hexDigits[bits >> bitCount] ?? 0;
      length += 1;
      bits &= (1 << bitCount) - 1;
    }
  }
  return scratch.toString("latin1", 0, length);
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
}
