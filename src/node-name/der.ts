// The two fields of an X.509 certificate that tell a node's name and until when it holds: the subject's common name and the end of
// validity (RFC 5280, in DER of ITU-T X.690). Own code because loading node:crypto for this costs more than all of a first pass
// reads from the disk; docs/decisions/0002-libraries.md has the numbers. Nothing is verified: the API server does that. Pure.

export interface CertificateFacts {
  /** The first common name of the subject; undefined when it has none. */
  readonly commonName: string | undefined;
  readonly notAfterMs: number;
}

interface Element {
  readonly tag: number;
  readonly bytes: Uint8Array;
}

const sequence = 0x30;
const set = 0x31;
const version = 0xa0;
const utcTime = 0x17;
const generalizedTime = 0x18;
const printableText: readonly number[] = [0x0c, 0x13, 0x14, 0x16];
/** 2.5.4.3 with its tag and length. */
const commonName = [0x06, 0x03, 0x55, 0x04, 0x03];

/** Undefined for what is no certificate. Never throws. */
export function readCertificate(der: Uint8Array): CertificateFacts | undefined {
  const [certificate] = elements(der);
  const [body] = inside(certificate, sequence);
  const fields = inside(body, sequence);
  const [, , , validity, subject] = fields[0]?.tag === version ? fields.slice(1) : fields;
  const notAfterMs = readTime(inside(validity, sequence)[1]);
  if (notAfterMs === undefined || subject?.tag !== sequence) return undefined;
  return { commonName: readCommonName(subject), notAfterMs };
}

/** How many bytes the first element takes, its head counted; undefined unless the head of a sequence is there. */
export function sequenceLength(head: Uint8Array): number | undefined {
  return head[0] === sequence ? readHead(head, 0)?.end : undefined;
}

function readCommonName(subject: Element): string | undefined {
  const attributes = inside(subject, sequence)
    .flatMap((names) => inside(names, set))
    .map((attribute) => ({ attribute, parts: inside(attribute, sequence) }));
  const found = attributes.find(({ attribute: { bytes } }) => commonName.every((byte, at) => bytes[at] === byte));
  const value = found?.parts[1];
  return value !== undefined && printableText.includes(value.tag) ? new TextDecoder().decode(value.bytes) : undefined;
}

function readTime(element: Element | undefined): number | undefined {
  if (element === undefined || (element.tag !== utcTime && element.tag !== generalizedTime)) return undefined;
  const text = new TextDecoder().decode(element.bytes);
  // Two digits of a year are of 1950 to 2049 (RFC 5280, 4.1.2.5.1).
  const century = element.tag === generalizedTime ? "" : text < "5" ? "20" : "19";
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text) ?? [];
  const [year, month = 0, day, hour, minute, second] = parts.map(Number);
  return year === undefined ? undefined : Date.UTC(year, month - 1, day, hour, minute, second);
}

function inside(element: Element | undefined, tag: number): readonly Element[] {
  return element?.tag === tag ? elements(element.bytes) : [];
}

/** The elements that follow each other; what is cut off is left out. */
function elements(bytes: Uint8Array): readonly Element[] {
  const found: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = readHead(bytes, at);
    if (head === undefined || head.end > bytes.length) break;
    found.push({ tag: bytes[at] ?? 0, bytes: bytes.subarray(head.start, head.end) });
    at = head.end;
  }
  return found;
}

interface Head {
  /** Where the contents begin and end. */
  readonly start: number;
  readonly end: number;
}

function readHead(bytes: Uint8Array, at: number): Head | undefined {
  const first = bytes[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  const digits = bytes.subarray(at + 2, at + 2 + count);
  // Longer than any certificate, or of no length that DER allows.
  if (count === 0 || count > 3 || digits.length < count) return undefined;
  const length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
  return { start: at + 2 + count, end: at + 2 + count + length };
}
