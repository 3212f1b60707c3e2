import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareNames, decodeFileName, encodeFileName, kernelPath } from "./file-name.ts";
import { anyText } from "./testing.ts";

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  anyText({ maxLength: 8 }).map((text) => new TextEncoder().encode(text)),
  fc.tuple(anyText({ maxLength: 3 }), fc.uint8Array({ maxLength: 3 })).map(([text, tail]) => {
    return Uint8Array.from([...new TextEncoder().encode(text), ...tail]);
  }),
);

describe("a file's name as text", () => {
  test.each<[string, readonly number[], string]>([
    ["ASCII", [0x61, 0x2e], "a."],
    ["UTF-8", [0xc3, 0xa9, 0xf0, 0x9f, 0x90, 0x98], "é🐘"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "\ufeffa"],
    ["Latin-1", [0x61, 0xe9, 0x62], "a\udce9b"],
    ["a character cut off", [0xf0, 0x9f, 0x90], "\udcf0\udc9f\udc90"],
    ["a surrogate, which UTF-8 has not", [0xed, 0xb2, 0x80], "\udced\udcb2\udc80"],
    ["a replacement character that is there", [0xef, 0xbf, 0xbd], "\ufffd"],
  ])("keeps %s", (_, raw, text) => {
    expect(decodeFileName(Uint8Array.from(raw))).toBe(text);
    expect([...encodeFileName(text)]).toEqual([...raw]);
  });

  test("keeps any bytes, and is text to the kernel where it can be", () => {
    fc.assert(
      fc.property(bytes, (raw) => {
        const name = decodeFileName(raw);
        expect([...encodeFileName(name)]).toEqual([...raw]);
        const path = kernelPath(name);
        expect(typeof path === "string" ? [...new TextEncoder().encode(path)] : [...path]).toEqual([...raw]);
      }),
    );
  });

  test("stays itself through JSON, which is ASCII where the name is no text", () => {
    const name = decodeFileName(Uint8Array.from([0x61, 0xff]));
    expect(JSON.stringify(name)).toBe('"a\\udcff"');
    expect(JSON.parse(JSON.stringify(name))).toBe(name);
  });

  test("compareNames() puts what follows U+FFFF after U+FF00, as bytes do and UTF-16 does not", () => {
    expect(compareNames("\u{10000}", "\uff00")).toBeGreaterThan(0);
  });

  test("compareNames() is the order of the bytes, as Go's strings have it", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareNames(decodeFileName(a), decodeFileName(b)))).toBe(Buffer.compare(a, b));
      }),
    );
  });
});
