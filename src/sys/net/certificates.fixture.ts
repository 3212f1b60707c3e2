// A certificate authority for one test, and certificates it signs: X.509 v3 in DER, as far as TLS needs it (RFC 5280).

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface Identity {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface Authority {
  readonly certPem: string;
  /** @param name a DNS name, or an IPv4 address @param validForMs negative: it has expired */
  issue(name: string, validForMs?: number): Identity;
}

const dayMs = 86_400_000;

export function createAuthority(name = "test CA"): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, key: keys.privateKey };
  const own = certificate({
    issuer,
    subject: name,
    publicKey: keys.publicKey,
    validForMs: dayMs,
    extensions: [isAuthority],
  });
  return {
    certPem: own,
    issue: (subject, validForMs = dayMs) => {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const extensions = [alternativeName(subject)];
      return {
        certPem: certificate({ issuer, subject, publicKey: pair.publicKey, validForMs, extensions }),
        keyPem: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

interface CertificateOptions {
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly validForMs: number;
  readonly extensions: readonly Uint8Array[];
}

function certificate({ issuer, subject, publicKey, validForMs, extensions }: CertificateOptions): string {
  const startMs = Date.now() - 2 * dayMs;
  const body = der(
    0x30,
    der(0xa0, der(0x02, [2])),
    der(0x02, [1, ...randomBytes(8)]),
    ecdsaWithSha256,
    commonName(issuer.name),
    der(0x30, time(startMs), time(Date.now() + validForMs)),
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, ...extensions)),
  );
  const signature = sign("sha256", body, issuer.key);
  const bytes = der(0x30, body, ecdsaWithSha256, der(0x03, [0], signature));
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString("base64")}\n-----END CERTIFICATE-----\n`;
}

/** A tag, the length and the contents. */
function der(tag: number, ...contents: readonly ArrayLike<number>[]): Uint8Array {
  const content = contents.flatMap((part) => [...Array.from(part)]);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...head, ...content]);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const ecdsaWithSha256 = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));

function commonName(name: string): Uint8Array {
  return der(0x30, der(0x31, der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0c, text(name)))));
}

/** UTCTime: `YYMMDDhhmmssZ`. */
function time(atMs: number): Uint8Array {
  return der(0x17, text(`${new Date(atMs).toISOString().slice(2, 19).replaceAll(/[-T:]/g, "")}Z`));
}

function extension(id: number, value: Uint8Array, isCritical = false): Uint8Array {
  return der(0x30, der(0x06, [0x55, 0x1d, id]), ...(isCritical ? [der(0x01, [0xff])] : []), der(0x04, value));
}

const isAuthority = extension(19, der(0x30, der(0x01, [0xff])), true);

function alternativeName(name: string): Uint8Array {
  const isAddress = /^[\d.]+$/.test(name);
  return extension(17, der(0x30, isAddress ? der(0x87, name.split(".").map(Number)) : der(0x82, text(name))));
}
