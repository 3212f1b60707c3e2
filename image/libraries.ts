// Which shared libraries programs need: DT_NEEDED of an ELF file and of all that it leads to, looked for under a root of unpacked
// packages. System V ABI, "Dynamic Section"; 64-bit little-endian, which both architectures are.

import { existsSync, readFileSync, realpathSync } from "node:fs";

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** Names of the libraries that the file itself asks for; none for what is no ELF file, or is static. */
export function neededBy(file: Uint8Array): string[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 64 || view.getUint32(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return [];
  const segments = segmentsOf(view);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const entries: [bigint, number][] = [];
  for (let at = dynamic.offset; at + 16 <= dynamic.offset + dynamic.bytes; at += 16) {
    entries.push([view.getBigUint64(at, true), Number(view.getBigUint64(at + 8, true))]);
  }
  const strings = offsetOf(segments, entries.find(([tag]) => tag === DT_STRTAB)?.[1] ?? 0);
  return entries.filter(([tag]) => tag === DT_NEEDED).map(([, at]) => stringAt(file, strings + at));
}

function segmentsOf(view: DataView): Segment[] {
  const table = Number(view.getBigUint64(32, true));
  const [size, count] = [view.getUint16(54, true), view.getUint16(56, true)];
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    const [offset = 0, address = 0, bytes = 0] = [8, 16, 32].map((field) =>
      Number(view.getBigUint64(at + field, true)),
    );
    return { type: view.getUint32(at, true), offset, address, bytes };
  });
}

/** Where in the file a virtual address lies. */
function offsetOf(segments: readonly Segment[], address: number): number {
  const inside = ({ type, address: start, bytes }: Segment): boolean =>
    type === PT_LOAD && address >= start && address < start + bytes;
  const segment = segments.find(inside);
  return segment === undefined ? address : address - segment.address + segment.offset;
}

function stringAt(file: Uint8Array, at: number): string {
  return new TextDecoder().decode(file.subarray(at, file.indexOf(0, at)));
}

/**
 * The libraries that these files need, with all that those need, by name. @param dirs where they are looked for
 * @returns path of each, links followed @throws Error naming one that is nowhere
 */
export function librariesOf(files: readonly string[], dirs: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const queue = [...files];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const name of neededBy(readFileSync(file))) {
      if (found.has(name)) continue;
      const path = dirs.map((dir) => `${dir}/${name}`).find((path) => existsSync(path));
      if (path === undefined) throw new Error(`${file} needs ${name}, which none of the packages has`);
      found.set(name, realpathSync(path));
      queue.push(path);
    }
  }
  return found;
}
