// A tar archive, compressed, of texts by name.

/** The bytes of a `.tar.gz`. @param files by path in the archive */
export async function tarGz(files: ReadonlyMap<string, string>): Promise<Uint8Array> {
  return new Bun.Archive(Object.fromEntries(files), { compress: "gzip" }).bytes();
}
