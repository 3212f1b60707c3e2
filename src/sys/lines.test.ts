import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LineTooLong, splitLines } from "./lines.ts";

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function linesOf(text: string, sizes: readonly number[] = [], maxLineBytes = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(chunksOf(new TextEncoder().encode(text), sizes), maxLineBytes)) lines.push(line);
  return lines;
}

describe("splitLines()", () => {
  test.each([
    ["", []],
    ["\n", [""]],
    ["a", ["a"]],
    ["a\n", ["a"]],
    ["a\r\n\r\nb\r", ["a", "", "b"]],
  ])("%p is %p", async (text, lines) => {
    expect(await linesOf(text)).toEqual(lines);
  });

  test("gives the same lines however the stream is cut, also within a character", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom("a", "é", "€", "😀", "\0", " "), maxLength: 8 }), { maxLength: 8 }),
        fc.array(fc.nat(5)),
        async (lines, sizes) => {
          expect(await linesOf(lines.map((line) => `${line}\n`).join(""), sizes)).toEqual(lines);
        },
      ),
    );
  });

  test("gives up a line that does not end", async () => {
    await expect(linesOf("ab\nabcdef", [4, 4], 5)).rejects.toThrow(LineTooLong);
    expect(await linesOf("ab\nabcde", [4, 4], 5)).toEqual(["ab", "abcde"]);
  });
});
