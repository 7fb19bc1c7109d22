/** Writes and reads UTF-8 in a buffer of the caller, without allocation. The pure files know no `TextEncoder`. */

/** Most bytes that one UTF-16 code unit takes. */
export const MOST_BYTES_PER_UNIT = 3;

const REPLACEMENT = 0xfffd;

/** What `encodeUtf8` returns lies in it; grows with the longest text. */
let shared = new Uint8Array(4_096);

/** The UTF-8 of a text, valid until the next call. */
export function encodeUtf8(text: string): Uint8Array {
  const most = text.length * MOST_BYTES_PER_UNIT;
  if (shared.length < most) shared = new Uint8Array(most);
  return shared.subarray(0, writeUtf8(text, shared, 0));
}

/**
 * Writes a text. A lone surrogate becomes U+FFFD, as `TextEncoder` does it.
 * @param into - has room for `MOST_BYTES_PER_UNIT` bytes per code unit from `at` on
 * @returns the index behind the last byte
 */
export function writeUtf8(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      into[at++] = unit;
      continue;
    }
    let point = unit;
    if (unit >= 0xd800 && unit <= 0xdfff) {
      point = text.codePointAt(i) ?? REPLACEMENT;
      if (point > 0xffff) i++;
      else point = REPLACEMENT;
    }
    at = writePoint(point, into, at);
  }
  return at;
}

function writePoint(point: number, into: Uint8Array, at: number): number {
  if (point < 0x800) {
    into[at++] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) {
      into[at++] = 0xe0 | (point >> 12);
    } else {
      into[at++] = 0xf0 | (point >> 18);
      into[at++] = 0x80 | ((point >> 12) & 0x3f);
    }
    into[at++] = 0x80 | ((point >> 6) & 0x3f);
  }
  into[at++] = 0x80 | (point & 0x3f);
  return at;
}

/** Reads a text that `writeUtf8` wrote, from byte `from` to before byte `to`. Other bytes give some text. */
export function readUtf8(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to;) {
    const lead = bytes[at++] ?? 0;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      continue;
    }
    const more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    let point = lead & (0x3f >> more);
    for (let i = 0; i < more; i++) point = (point << 6) | ((bytes[at++] ?? 0) & 0x3f);
    text += point > 0x10ffff ? String.fromCharCode(REPLACEMENT) : String.fromCodePoint(point);
  }
  return text;
}

/** A text with a character for each byte, from byte `from` to before byte `to`. */
export function latinText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
