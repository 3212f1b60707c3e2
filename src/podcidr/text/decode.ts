// Bytes of a file to text with `\n` line ends. Editors and tools leave byte order marks, UTF-16, CRLF and, after a power
// loss, zero bytes; none of it may hide a value or move a line number.

export interface DecodedText {
  readonly text: string;
  /** Whether this is no text at all: a program, an image, a compressed file. */
  readonly isBinary: boolean;
  /** What had to be repaired, as ends of a sentence that begins with the file. */
  readonly repairs: readonly string[];
}

type Encoding = "utf-8" | "utf-16le" | "utf-16be";

/** Decodes whatever a file holds. Never throws; bytes that are no UTF-8 become U+FFFD. */
export function decodeText(bytes: Uint8Array): DecodedText {
  const repairs: string[] = [];
  const encoding = encodingOf(bytes);
  if (encoding !== "utf-8") repairs.push(`is ${encoding.toUpperCase()}: Kubernetes itself reads UTF-8 only`);
  let text = new TextDecoder(encoding).decode(bytes);
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0) end -= 1;
  if (end < text.length) repairs.push("ends with zero bytes, as after a power loss");
  text = text.slice(0, end);
  const isBinary = looksBinary(text);
  if (text.includes("\0")) {
    repairs.push("holds zero bytes");
    text = text.replaceAll("\0", "\ufffd");
  }
  return { text: text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text, isBinary, repairs };
}

function encodingOf(bytes: Uint8Array): Encoding {
  const [first, second, third, fourth] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  // Without a mark: an ASCII character is a letter and a zero, twice in a row.
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0 && third !== undefined) return "utf-16le";
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0 && second !== undefined) return "utf-16be";
  return "utf-8";
}

/** How much of a text is looked at to tell what it is. */
const headLength = 4096;

/** Characters that no text file has, more than one in twenty of the beginning. */
function looksBinary(text: string): boolean {
  const head = text.slice(0, headLength);
  let strange = 0;
  for (let index = 0; index < head.length; index++) {
    const code = head.charCodeAt(index);
    if (code === 0xfffd || (code < 32 && code !== 9 && code !== 10 && code !== 13 && code !== 12 && code !== 27))
      strange += 1;
  }
  return strange > 4 && strange * 20 > head.length;
}
