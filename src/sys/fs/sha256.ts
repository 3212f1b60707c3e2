// Content hashes, for telling files apart.

/** SHA-256 of `bytes`, lower-case hex. */
export function sha256Hex(bytes: string | Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** The digest of a text's UTF-8 in base64, as Content-Security-Policy and Subresource Integrity name what they allow. */
export function sha256Base64(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("base64");
}
