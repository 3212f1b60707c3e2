// "Did you mean": which words count as a typing error.

import { describe, expect, test } from "bun:test";
import { suggest } from "./messages.ts";

const words = ["nodeName", "network", "podCIDR", "mtu", "masquerade", "cni", "confDir", "binDir"];

describe("suggest()", () => {
  test.each([
    ["another case", "podCidr", "podCIDR"],
    ["neighbours swapped", "netwrok", "network"],
    ["a letter too many", "masqueradee", "masquerade"],
    ["a letter missing", "masqurade", "masquerade"],
    ["a letter wrong in a short word", "mtv", "mtu"],
    ["a plural", "networks", "network"],
  ])("finds the word behind %s", (_name, word, expected) => {
    expect(suggest(word, words)).toBe(expected);
  });

  test.each([
    ["something else", "overlay"],
    ["half of it", "net"],
    ["nothing", ""],
    ["a megabyte", "m".repeat(1 << 20)],
  ])("stays silent on %s", (_name, word) => {
    expect(suggest(word, words)).toBeUndefined();
  });

  test("takes the nearest of several, the first of equals", () => {
    expect(suggest("bindir", ["confDir", "binDir", "bindir2"])).toBe("binDir");
    expect(suggest("abcx", ["abcd", "abce"])).toBe("abcd");
  });
});
