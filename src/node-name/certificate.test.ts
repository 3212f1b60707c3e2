import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import fc from "fast-check";
import { createFiles } from "../sys/fs/files.ts";
import { createAuthority } from "../sys/net/certificates.fixture.ts";
import { tempRoot } from "../sys/testing.ts";
import { readCertificateFile, readCertificateText } from "./certificate.ts";
import { readCertificate } from "./der.ts";
import { certificates } from "./testing.ts";

const key = `-----BEGIN PRIVATE KEY-----\n${"K".repeat(64)}\n-----END PRIVATE KEY-----\n`;
const whole = certificates["worker-8"];
const oneLine = createAuthority().issue("system:node:one-line").certPem;

/** The base64 of a PEM in lines of another width. */
function rewrapped(pem: string, width: number, end: string): string {
  const [begin = "", ...lines] = pem.trim().split("\n");
  const body =
    lines
      .slice(0, -1)
      .join("")
      .match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  return [begin, ...body, lines.at(-1), ""].join(end);
}

describe("readCertificateText()", () => {
  test.each<[string, string]>([
    ["an EC key's", certificates["worker-7.example"]],
    ["an RSA key's, valid beyond 2049", whole],
    ["one in a single line", oneLine],
    ["one with a private key behind it", whole + key],
    ["one with its authority behind it", whole + certificates["worker-7.example"]],
    ["one with CRLF", whole.replaceAll("\n", "\r\n")],
    ["one in short lines", rewrapped(whole, 16, "\n")],
    ["one in long lines", rewrapped(whole, 76, "\r\n")],
  ])("reads %s as node:crypto does", (_, pem) => {
    const oracle = new X509Certificate(pem);
    expect(readCertificateText(pem)).toEqual({
      kind: "ok",
      value: { commonName: /CN=(.*)/.exec(oracle.subject)?.[1] ?? "", notAfterMs: Date.parse(oracle.validTo) },
    });
  });

  test.each<[string, string]>([
    ["nothing", ""],
    ["a key in front", key + whole],
    ["a comment in front", `# ours\n${whole}`],
    ["another kind of block", whole.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE")],
    ["one that is cut off", whole.slice(0, 500)],
    ["letters that are no Base64", whole.replace(/[A-Z]{4}/, "!!!!")],
    ["a length beyond all bounds", "-----BEGIN CERTIFICATE-----\nMIP/////\n"],
  ])("refuses %s", (_, pem) => {
    expect(readCertificateText(pem).kind).toBe("fault");
  });

  test("never throws", () => {
    const der = Uint8Array.fromBase64(whole.split("\n").slice(1, -2).join(""));
    const change = fc.record({ at: fc.nat(der.length - 1), byte: fc.nat(255), end: fc.nat(der.length) });
    fc.assert(
      fc.property(change, fc.uint8Array({ maxLength: 80 }), ({ at, byte, end }, random) => {
        const changed = Uint8Array.from(der.subarray(0, end));
        changed[at] = byte;
        for (const bytes of [changed, random]) {
          readCertificate(bytes);
          readCertificateText(`-----BEGIN CERTIFICATE-----\n${bytes.toBase64()}\n-----END CERTIFICATE-----\n`);
        }
      }),
    );
  });
});

describe("readCertificateFile()", () => {
  test("reads no byte of the private key behind the certificate", () => {
    using root = tempRoot();
    root.write("/current.pem", whole + key);
    const files = createFiles(root.path);
    const lengths: number[] = [];
    const watched = {
      ...files,
      readHead: (path: string, bytes: number) => {
        lengths.push(bytes);
        return files.readHead(path, bytes);
      },
    };
    expect(readCertificateFile(watched, "/current.pem")).toMatchObject({
      kind: "ok",
      value: { commonName: "system:node:worker-8" },
    });
    expect(Math.max(...lengths)).toBeLessThanOrEqual(whole.indexOf("\n-----END"));
    lengths.length = 0;
    root.write("/current.pem", key + whole);
    expect(readCertificateFile(watched, "/current.pem").kind).toBe("fault");
    expect(Math.max(...lengths)).toBeLessThanOrEqual("-----BEGIN CERTIFICATE-----".length);
  });

  test("follows the kubelet's link inside the root", () => {
    using root = tempRoot();
    root.write("/pki/kubelet-client-2026-01-01-00-00-00.pem", whole + key, 0o600);
    fs.symlinkSync("/pki/kubelet-client-2026-01-01-00-00-00.pem", `${root.path}/pki/kubelet-client-current.pem`);
    const read = readCertificateFile(createFiles(root.path), "/pki/kubelet-client-current.pem");
    expect(read).toMatchObject({ kind: "ok", value: { commonName: "system:node:worker-8" } });
  });

  test("says what is not there, and what is no file", () => {
    using root = tempRoot();
    const files = createFiles(root.path);
    fs.symlinkSync("/none.pem", `${root.path}/dangling.pem`);
    expect(readCertificateFile(files, "/none.pem")).toEqual({ kind: "ok", value: undefined });
    expect(readCertificateFile(files, "/dangling.pem")).toEqual({ kind: "ok", value: undefined });
    root.write("/dir.pem/a", "");
    expect(readCertificateFile(files, "/dir.pem")).toEqual({ kind: "fault", why: "cannot be read: it is a folder" });
  });
});
