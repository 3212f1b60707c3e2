// Which block a guess takes, given what others of the tailnet have and what this node has.

import { expect, test } from "bun:test";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { parsePrefix } from "../../cidr/prefix.ts";
import type { TakenRange } from "../../tailnet/claims-view.ts";
import { nothingAround } from "../validation/surroundings.ts";
import { createValidator, type GuessBase } from "../validation/validator.ts";
import { chooseBlocks, keptGuess } from "./choose-blocks.ts";

const v4: GuessBase = { base: parsePrefix("10.244.0.0/22"), bits: 24 };
const v6: GuessBase = { base: parsePrefix("fd00:244::/62"), bits: 64 };
const taken = (...ranges: readonly string[]): readonly TakenRange[] =>
  ranges.map((text) => {
    const [range = "", stale] = text.split(" ");
    return { range: parsePrefix(range), node: "other", isStale: stale === "stale" };
  });

test.each<[string, readonly string[], string | undefined, readonly GuessBase[], string]>([
  ["the first that is free", ["10.244.1.0/24", "10.244.2.0/24"], undefined, [v4], "10.244.3.0/24"],
  ["what it has, though another is nearer", [], "10.244.3.0/24", [v4], "10.244.3.0/24"],
  ["not what it has, if another has it", ["10.244.3.0/24"], "10.244.3.0/24", [v4], "10.244.1.0/24"],
  ["not what it has, if that is no block", [], "10.244.3.0/25", [v4], "10.244.1.0/24"],
  ["not what it has in one family of two", [], "10.244.3.0/24", [v4, v6], "10.244.1.0/24 fd00:244:0:1::/64"],
  ["one a family that a route is around", ["10.0.0.0/8"], undefined, [v4], "10.244.1.0/24"],
  [
    "what one has that is long gone, where nothing else is free",
    ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24 stale", "10.244.3.0/24"],
    undefined,
    [v4],
    "10.244.2.0/24",
  ],
  [
    "any, where all is taken: the claim then says so",
    ["10.244.0.0/23", "10.244.2.0/23"],
    undefined,
    [v4],
    "10.244.1.0/24",
  ],
  ["both families together", ["fd00:244:0:1::/64"], undefined, [v4, v6], "10.244.2.0/24 fd00:244:0:2::/64"],
])("%s", (_name, others, kept, bases, expected) => {
  const validator = createValidator({ ...nothingAround, taken: taken(...others) });
  const has = kept === undefined ? undefined : parsePodCIDRs(kept);
  expect(chooseBlocks(bases, { validator, kept: has, start: 1n })?.join(" ")).toBe(expected);
});

test("keptGuess() is what is claimed, else a guess that is in force on a tailnet", () => {
  const current = {
    podCIDRs: parsePodCIDRs("10.244.1.0/24"),
    source: "hash",
    file: undefined,
    line: undefined,
  } as const;
  const podCIDRs = parsePodCIDRs("10.244.2.0/24");
  const claim = { podCIDRs, isAdvertised: true, holdsGateway: true, startsPods: true, isKept: true, isWon: false };
  const view = { taken: [], isProbing: false };
  expect(String(keptGuess({ current, claims: { ...view, claim } }))).toBe("10.244.2.0/24");
  expect(String(keptGuess({ current, claims: { ...view, claim: { ...claim, isKept: false } } }))).toBe("10.244.1.0/24");
  expect(keptGuess({ current: { ...current, source: "file" }, claims: { ...view, claim: undefined } })).toBeUndefined();
  expect(keptGuess({ current })).toBeUndefined();
});
