// The certificate with which this node's kubelet speaks to the API server: its subject is the name the API server believes. The
// kubelet keeps certificate and private key in one file, the certificate first. No byte of the key is ever read: the length of the
// certificate stands in its first bytes, and reading stops there.

import { expected } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import { type CertificateFacts, readCertificate, sequenceLength } from "./der.ts";

/** Larger than a client certificate is. */
const maxDerBytes = 16 << 10;
const begin = "-----BEGIN CERTIFICATE-----";
/** Base64 for the head of the outermost element, six bytes. */
const headCharacters = 8;

/** Undefined when there is no such file; the fault is the end of a sentence that begins with the path. */
export function readCertificateFile(files: Files, path: string): Result<CertificateFacts | undefined> {
  try {
    if (files.stat(path) === undefined) return ok(undefined);
    return readPem((bytes) => new TextDecoder("latin1").decode(files.readHead(path, bytes)));
  } catch (error) {
    expected(error);
    return fault(error.message.replace(/^.*?: /, "cannot be read: "));
  }
}

/** The first certificate of a text, which must begin with it. */
export function readCertificateText(text: string): Result<CertificateFacts> {
  return readPem((bytes) => text.slice(0, bytes));
}

/** @param readHead the first so many bytes, or all there are */
function readPem(readHead: (bytes: number) => string): Result<CertificateFacts> {
  const noCertificate = fault("does not begin with a certificate");
  if (readHead(begin.length) !== begin) return noCertificate;
  const head = readBase64(readHead, headCharacters);
  const length = head === undefined ? undefined : sequenceLength(head);
  if (length === undefined || length > maxDerBytes) return noCertificate;
  const der = readBase64(readHead, Math.ceil(length / 3) * 4);
  const facts = der === undefined ? undefined : readCertificate(der);
  return facts === undefined ? fault("holds no certificate that can be read") : ok(facts);
}

/** The first so many characters of Base64 after the line that begins the certificate, however the lines are broken; never one more. */
function readBase64(readHead: (bytes: number) => string, characters: number): Uint8Array | undefined {
  let size = begin.length + characters;
  for (;;) {
    const text = readHead(size);
    const base64 = text.slice(begin.length).replaceAll(/\s/g, "");
    if (base64.length === characters) return decodeBase64(base64);
    if (text.length < size) return undefined;
    size += characters - base64.length;
  }
}

function decodeBase64(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? Uint8Array.fromBase64(text) : undefined;
}
