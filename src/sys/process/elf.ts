// The one thing wanted from an ELF file: the program interpreter (dynamic loader) the kernel will look for. Pure.
// Layout after the System V ABI, "Program Header", PT_INTERP; 64-bit little-endian only, which is all HeadCNI is built for.

const PT_INTERP = 3;
/** How much of a file `interpreterOf` needs: the headers and the string they point to come first in what linkers write. */
export const elfHeadBytes = 64 << 10;

/** The loader's path from the first bytes of an executable; undefined when it has none or is no 64-bit ELF file. */
export function interpreterOf(head: Uint8Array): string | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isElf64 = head.length >= 64 && view.getUint32(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
  if (!isElf64) return undefined;
  const tableOffset = Number(view.getBigUint64(32, true));
  const entrySize = view.getUint16(54, true);
  const entryCount = view.getUint16(56, true);
  for (let index = 0; index < entryCount; index++) {
    const at = tableOffset + index * entrySize;
    if (at + 56 > head.length) return undefined;
    if (view.getUint32(at, true) !== PT_INTERP) continue;
    const start = Number(view.getBigUint64(at + 8, true));
    const end = start + Number(view.getBigUint64(at + 32, true));
    // The string ends in a NUL that is not part of the path.
    return end <= head.length ? new TextDecoder().decode(head.subarray(start, end - 1)) : undefined;
  }
  return undefined;
}
