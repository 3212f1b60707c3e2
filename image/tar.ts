// A tar archive with nothing in it that differs from one making to the next: time 0, owner 0, the order it is given. Format: ustar,
// POSIX.1-1988, whose names of up to 100 bytes are enough here.

/** A directory when the name ends in a slash, a symbolic link when `link` is set, else a file. */
export interface TarEntry {
  readonly name: string;
  readonly data?: Uint8Array | undefined;
  readonly link?: string | undefined;
  readonly mode?: number | undefined;
}

const block = 512;

/** @throws Error for a name or a link that is too long for its field */
export function tar(entries: readonly TarEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const data = entry.data ?? new Uint8Array();
    parts.push(tarHeader(entry, data.length), data, new Uint8Array(-data.length & (block - 1)));
  }
  return Buffer.concat([...parts, new Uint8Array(2 * block)]);
}

/** One ustar header: fixed fields of octal digits, and a sum over all bytes with the sum's own field as spaces. */
function tarHeader(entry: TarEntry, size: number): Uint8Array {
  const header = Buffer.alloc(block);
  const isDir = entry.name.endsWith("/");
  const put = (offset: number, text: string): number => header.write(text, offset, "latin1");
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  for (const text of [entry.name, entry.link ?? ""]) {
    if (Buffer.byteLength(text) > 100) throw new Error(`Too long for a tar header: ${text}`);
  }
  put(0, entry.name);
  put(100, octal(entry.mode ?? (isDir || entry.link !== undefined ? 0o755 : 0o644), 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  put(148, " ".repeat(8));
  put(156, isDir ? "5" : entry.link === undefined ? "0" : "2");
  put(157, entry.link ?? "");
  put(257, "ustar\x0000");
  put(
    148,
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
  );
  return header;
}

/** The entries by name, with the directories they lie in. */
export function withDirs(entries: readonly TarEntry[]): TarEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  for (const { name } of entries) {
    const parts = name.replace(/\/$/, "").split("/");
    for (let count = 1; count < parts.length; count++) {
      const dir = `${parts.slice(0, count).join("/")}/`;
      if (!byName.has(dir)) byName.set(dir, { name: dir });
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
