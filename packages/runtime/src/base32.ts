const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const hexDigits = "0123456789abcdef";
const textLength = 26;
const noDigit = -1;
/** The value of each character, by its code. */
const values = new Int8Array(128).fill(noDigit);
for (const [value, character] of [...alphabet].entries()) values[character.charCodeAt(0)] = value;

/** Writes 32 hex digits (128 bits) as 26 characters of Crockford's base32, in lower case. */
export function hexToBase32(hex: string): string {
  let text = "";
  let bits = 0;
  // 26 characters hold 130 bits: the first two are zero.
  let bitCount = 2;
  for (let index = 0; index < hex.length; index += 1) {
    bits = (bits << 4) | hexDigit(hex.charCodeAt(index));
    bitCount += 4;
    if (bitCount < 5) continue;
    bitCount -= 5;
    text += alphabet[bits >> bitCount];
    bits &= (1 << bitCount) - 1;
  }
  return text;
}

/** Reads what `hexToBase32` wrote; undefined for any other text, upper case too. */
export function base32ToHex(text: string): string | undefined {
  if (text.length !== textLength || text.charCodeAt(0) > 0x37) return undefined;
  let hex = "";
  let bits = 0;
  let bitCount = -2;
  for (let index = 0; index < textLength; index += 1) {
    const value = values[text.charCodeAt(index)] ?? noDigit;
    if (value === noDigit) return undefined;
    bits = (bits << 5) | value;
    bitCount += 5;
    while (bitCount >= 4) {
      bitCount -= 4;
      hex += hexDigits[bits >> bitCount];
      bits &= (1 << bitCount) - 1;
    }
  }
  return hex;
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57;
}
