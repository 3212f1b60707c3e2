import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readText } from "./read-text.ts";
import { mentionsRange, podKeys, rangeNames, wordsOf } from "./readers/vocabulary.ts";
import { chainReaders } from "./sources.ts";
import { decodeText } from "./text/decode.ts";

describe("what need not be parsed", () => {
  const names = [...rangeNames.flatMap(({ flags, keys }) => wordsOf(`${flags} ${keys}`)), ...podKeys];
  const spellings = fc
    .tuple(fc.constantFrom(...names), fc.constantFrom("-", "_", ""), fc.boolean(), fc.nat(20))
    .map(([name, mark, isUpper, at]) => {
      const spelled = `${name.slice(0, at)}${mark}${name.slice(at)}`;
      return isUpper ? spelled.toUpperCase() : spelled;
    });
  const values = fc.constantFrom("10.96.0.0/12", "10.1.2.0/24", "24", "fd00::/64");
  const forms = fc.constantFrom<(name: string, value: string) => string>(
    (name, value) => `${name}: ${value}\n`,
    (name, value) => `kubelet-arg: ["${name}=${value}"]\n`,
    (name, value) => `kind: Pod\napiVersion: v1\nspec: {containers: [{name: kubelet, args: [--${name}=${value}]}]}\n`,
    (name, value) => `{{ x }}\n- --${name}=${value}\n${name}:\n- ${value}\n`,
    (name, value) => `"\\x${name.charCodeAt(0).toString(16)}${name.slice(1)}": ${value}\n`,
  );

  test("says nothing to any reader", () => {
    const readers = chainReaders();
    fc.assert(
      fc.property(spellings, values, forms, (name, value, form) => {
        const text = form(name, value);
        const { statements } = readText(decodeText(new TextEncoder().encode(text)), { readers, nodeName: "worker-1" });
        if (statements.list.length > 0) expect(mentionsRange(text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
