// File names as text. To the kernel, and to Go's programs, a name is any bytes; here it is a string in which a byte that is no UTF-8
// stands as the surrogate U+DC80 + (byte - 0x80), which no UTF-8 gives, so that names can be compared, joined, kept as JSON and turned
// back into the very bytes. `printable` shows such a byte as `\xff`. Pure.

const firstMark = 0xdc00;
/** A surrogate that stands for a byte: behind another surrogate it is half of a character. */
const byteMark = /(?<![\ud800-\udbff])[\udc80-\udcff]/;
const surrogate = /[\ud800-\udfff]/;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function decodeFileName(bytes: Uint8Array): string {
  const whole = tryDecode(bytes);
  if (whole !== undefined) return whole;
  let name = "";
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    const character = tryDecode(bytes.subarray(at, at + length));
    name += character ?? String.fromCharCode(firstMark + byte);
    at += character === undefined ? 1 : length;
  }
  return name;
}

export function encodeFileName(name: string): Uint8Array {
  if (name.isWellFormed()) return Buffer.from(name);
  const characters = [...name].map((character) => {
    return byteMark.test(character) ? Buffer.of(character.charCodeAt(0) - firstMark) : Buffer.from(character);
  });
  return Buffer.concat(characters);
}

/** A path in the form in which `node:fs` hands its very bytes to the kernel. */
export function kernelPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : Buffer.from(encodeFileName(path));
}

/** Go's string order, which is by bytes. JavaScript's own order is by UTF-16 unit and differs only where surrogates are. */
export function compareNames(a: string, b: string): number {
  if (surrogate.test(a) || surrogate.test(b)) return Buffer.compare(encodeFileName(a), encodeFileName(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Undefined for what is no UTF-8. */
function tryDecode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
