import { expect, test } from "bun:test";
import fc from "fast-check";
import { comparePlain, yamlTexts } from "./plain-yaml.fixture.ts";

test("reads any text as the library does, or leaves it", () => {
  const count = { same: 0, unknown: 0, other: 0 };
  const check = (text: string): boolean => {
    const found = comparePlain(text);
    count[found] += 1;
    return found !== "other";
  };
  fc.assert(fc.property(yamlTexts, check), { numRuns: 10_000 });
  // The texts are no test where the plain reader reads none of them.
  expect(count.same).toBeGreaterThan(1500);
});
