// Content hashes, for telling files apart.

/** SHA-256 of `bytes`, lower-case hex. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}
