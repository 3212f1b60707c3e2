import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { forwardChains, isIptables, refusesPods } from "./base-chains.ts";
import { forwardCommands } from "./forward-chain.ts";

const ours = ["-i", "-o"].map((way) => `-A FORWARD ${way} headcni0 -m comment --comment headcni -j ACCEPT`);
const reject = "-A FORWARD -j REJECT --reject-with icmp-host-prohibited";
const jump = '-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD';
const changes = (lines: readonly string[], isWanted = true) =>
  forwardCommands(lines.join("\n"), isWanted).map((words) => words.join(" "));

describe("forwardCommands()", () => {
  test.each([
    ["an open chain", ["-P FORWARD ACCEPT", jump], []],
    ["a chain that drops", ["-P FORWARD DROP", jump], ours],
    ["one that has ours", ["-P FORWARD DROP", ...ours], []],
    ["one that has half of ours", ["-P FORWARD DROP", ours[1] ?? ""], [ours[0] ?? ""]],
    [
      "one that refuses all at its end: before that",
      ["-P FORWARD ACCEPT", jump, reject],
      ours.map((rule) => rule.replace("-A FORWARD", "-I FORWARD 2")),
    ],
    [
      "a drop with a comment",
      ["-P FORWARD ACCEPT", '-A FORWARD -m comment --comment "the rest" -j DROP'],
      ours.map((rule) => rule.replace("-A FORWARD", "-I FORWARD 1")),
    ],
    ["a drop of some", ["-P FORWARD ACCEPT", "-A FORWARD -i eth1 -j DROP"], []],
    [
      "ours behind the one that refuses",
      ["-P FORWARD DROP", reject, ...ours],
      [
        ...ours.map((rule) => rule.replace("-A", "-D")),
        ...ours.map((rule) => rule.replace("-A FORWARD", "-I FORWARD 1")),
      ],
    ],
    [
      "one of ours twice: of two alike the kernel takes out the first",
      ["-P FORWARD DROP", ...ours, ours[0] ?? ""],
      [...[...ours, ours[0] ?? ""].map((rule) => rule.replace("-A", "-D")), ...ours],
    ],
    [
      "ours where nothing refuses any longer",
      ["-P FORWARD ACCEPT", ...ours],
      ours.map((rule) => rule.replace("-A", "-D")),
    ],
    [
      "one of an earlier version",
      ["-P FORWARD DROP", "-A FORWARD -s 10.1.0.0/16 -m comment --comment headcni -j ACCEPT", ...ours],
      [
        "-D FORWARD -s 10.1.0.0/16 -m comment --comment headcni -j ACCEPT",
        ...ours.map((rule) => rule.replace("-A", "-D")),
        ...ours,
      ],
    ],
  ])("makes right %s", (_name, lines, expected) => {
    expect(changes(lines)).toEqual(expected);
  });

  test("takes out ours alone", () => {
    const others = [jump, "-A FORWARD -i headcni0 -j ACCEPT", "-A FORWARD -m comment --comment headcnix -j ACCEPT"];
    expect(changes(["-P FORWARD DROP", ...others, ...ours], false)).toEqual(
      ours.map((rule) => rule.replace("-A", "-D")),
    );
    expect(changes(["-P FORWARD DROP", ...others], false)).toEqual([]);
  });

  test("leads any chain to one that it leaves alone, with the others' rules in their order", () => {
    const anyRule = fc.constantFrom(...ours, reject, jump, "-A FORWARD -i eth1 -j DROP", "-A FORWARD -j DROP");
    const anyChain = fc.tuple(fc.constantFrom("ACCEPT", "DROP"), fc.array(anyRule, { maxLength: 8 }));
    void fc.assert(
      fc.property(anyChain, fc.boolean(), ([policy, rules], isWanted) => {
        const after = carryOut(rules, forwardCommands([`-P FORWARD ${policy}`, ...rules].join("\n"), isWanted));
        expect(changes([`-P FORWARD ${policy}`, ...after], isWanted)).toEqual([]);
        const isOther = (rule: string): boolean => !ours.includes(rule);
        expect(after.filter(isOther)).toEqual(rules.filter(isOther));
      }),
    );
  });
});

function carryOut(rules: readonly string[], commands: readonly (readonly string[])[]): readonly string[] {
  const after = [...rules];
  for (const [verb, , ...words] of commands) {
    if (verb === "-A") after.push(`-A FORWARD ${words.join(" ")}`);
    if (verb === "-D") after.splice(after.indexOf(`-A FORWARD ${words.join(" ")}`), 1);
    if (verb === "-I") after.splice(Number(words[0]) - 1, 0, `-A FORWARD ${words.slice(1).join(" ")}`);
  }
  return after;
}

const chain = { family: "inet", table: "filter", name: "forward", isDropping: true };
const listed = (...objects: object[]) => JSON.stringify({ nftables: objects });

describe("forwardChains()", () => {
  test("finds the chains that see forwarded IP packets", () => {
    const base = { family: "inet", table: "filter", name: "forward", type: "filter", hook: "forward", policy: "drop" };
    const text = listed(
      { metainfo: {} },
      { chain: base },
      { chain: { ...base, family: "ip", name: "FORWARD", policy: "accept" } },
      { chain: { ...base, hook: "input" } },
      { chain: { ...base, family: "bridge" } },
      { chain: { family: "inet", table: "filter", name: "other" } },
    );
    const found = forwardChains(text);
    expect(found).toEqual([chain, { family: "ip", table: "filter", name: "FORWARD", isDropping: false }]);
    expect(found.map(isIptables)).toEqual([false, true]);
  });

  test.each(["", "not JSON", "{}"])("finds none in %p", (text) => {
    expect(forwardChains(text)).toEqual([]);
  });
});

describe("refusesPods()", () => {
  const rule = (...expr: object[]) => ({ rule: { chain: "forward", expr } });
  const match = (key: string, right: string) => ({ match: { op: "==", left: { meta: { key } }, right } });

  test.each([
    ["drops by policy", chain, [], true],
    ["accepts by policy", { ...chain, isDropping: false }, [rule(match("iifname", "eth0"), { drop: null })], false],
    ["rejects at its end", { ...chain, isDropping: false }, [rule({ reject: { type: "icmpx" } })], true],
    ["counts and drops at its end", { ...chain, isDropping: false }, [rule({ counter: {} }, { drop: null })], true],
    ["lets the bridge pass", chain, [rule(match("iifname", "headcni0"), { accept: null })], false],
  ])("judges a chain that %s", (_name, judged, rules, expected) => {
    expect(refusesPods(judged, listed(...rules))).toBe(expected);
  });
});
