import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePrefix } from "../cidr/prefix.ts";
import { type IpRule, ipRuleCommands, parseIpRules, planIpRules } from "./ip-rules.ts";
import { fakeKernel } from "./testing.ts";

const prefixes = (text: string) => text.split(" ").flatMap((each) => (each === "" ? [] : [parsePrefix(each)]));
const plan = (podCIDRs: string, clusterCIDRs = "") =>
  planIpRules({ podCIDRs: prefixes(podCIDRs), clusterCIDRs: prefixes(clusterCIDRs) });
const commands = (listed: readonly IpRule[], wanted: readonly IpRule[]) =>
  ipRuleCommands(listed, wanted).map((words) => words.join(" "));

describe("planIpRules()", () => {
  test.each([
    ["the own PodCIDR alone", "10.1.2.0/24", "", ["-4 rule add priority 5200 to 10.1.2.0/24 lookup main protocol 72"]],
    [
      "a known cluster, closed",
      "10.1.2.0/24",
      "10.1.0.0/16",
      [
        "-4 rule add priority 5200 to 10.1.2.0/24 lookup main protocol 72",
        "-4 rule add priority 5280 to 10.1.0.0/16 lookup main suppress_prefixlength 0 protocol 72",
        "-4 rule add priority 5281 to 10.1.0.0/16 blackhole protocol 72",
      ],
    ],
    [
      "both families",
      "10.1.2.0/24 fd00:1::/64",
      "fd00::/48",
      [
        "-4 rule add priority 5200 to 10.1.2.0/24 lookup main protocol 72",
        "-6 rule add priority 5200 to fd00:1::/64 lookup main protocol 72",
        "-6 rule add priority 5280 to fd00::/48 lookup main suppress_prefixlength 0 protocol 72",
        "-6 rule add priority 5281 to fd00::/48 blackhole protocol 72",
      ],
    ],
  ])("adds rules for %s", (_name, podCIDRs, clusterCIDRs, expected) => {
    expect(commands([], plan(podCIDRs, clusterCIDRs))).toEqual(expected);
  });
});

describe("parseIpRules()", () => {
  const parse = (...rules: object[]) => parseIpRules(JSON.stringify(rules), "ipv4");
  const own = { priority: 5200, src: "all", dst: "10.1.2.0", dstlen: 24, table: "main", protocol: "72" };

  test("finds ours by number and protocol", () => {
    const others = [
      { priority: 0, src: "all", table: "local" },
      { ...own, protocol: "static" },
      { ...own, protocol: undefined },
      { ...own, priority: 5210 },
    ];
    expect(parse(...others, own)).toEqual({
      kind: "ok",
      value: [{ family: "ipv4", priority: 5200, selector: "to 10.1.2.0/24 lookup main" }],
    });
  });

  test.each([
    ["a number as protocol", { ...own, protocol: 72 }, "to 10.1.2.0/24 lookup main"],
    ["a single address", { ...own, dstlen: undefined }, "to 10.1.2.0/32 lookup main"],
    ["no destination", { ...own, dst: undefined, dstlen: undefined }, "lookup main"],
    [
      "everything",
      { ...own, src: "1.2.3.0", srclen: 24, iif: "lo", oif: "eth0", fwmark: "0x7", suppress_prefixlen: 0 },
      "from 1.2.3.0/24 to 10.1.2.0/24 iif lo oif eth0 fwmark 0x7 lookup main suppress_prefixlength 0",
    ],
    ["an action", { ...own, table: undefined, action: "blackhole" }, "to 10.1.2.0/24 blackhole"],
  ])("reads a rule with %s", (_name, json, selector) => {
    expect(parse(json)).toMatchObject({ kind: "ok", value: [{ selector }] });
  });

  test("takes nothing for no rules, and says what is no list", () => {
    expect(parseIpRules("", "ipv4")).toEqual({ kind: "ok", value: [] });
    expect(parseIpRules("0: from all lookup local", "ipv4").kind).toBe("fault");
  });
});

describe("ipRuleCommands()", () => {
  test("takes a blackhole out before the rule that lets main's routes pass, after adding what is new", () => {
    expect(commands(plan("10.1.2.0/24", "10.1.0.0/16"), plan("10.1.3.0/24"))).toEqual([
      "-4 rule add priority 5200 to 10.1.3.0/24 lookup main protocol 72",
      "-4 rule del priority 5281 to 10.1.0.0/16 blackhole protocol 72",
      "-4 rule del priority 5280 to 10.1.0.0/16 lookup main suppress_prefixlength 0 protocol 72",
      "-4 rule del priority 5200 to 10.1.2.0/24 lookup main protocol 72",
    ]);
  });

  test("leads from any rules to any others, and then to nothing more", async () => {
    const anyPlan = fc
      .tuple(
        fc.constantFrom("10.1.2.0/24", "10.1.3.0/24", "10.1.2.0/24 fd00:1::/64", ""),
        fc.constantFrom("", "10.1.0.0/16", "10.0.0.0/8 fd00::/48"),
      )
      .map(([own, cluster]) => plan(own, cluster));
    await fc.assert(
      fc.asyncProperty(anyPlan, anyPlan, async (before, after) => {
        const kernel = fakeKernel();
        const apply = async (wanted: readonly IpRule[]) => {
          const asked = ipRuleCommands(await listed(kernel), wanted);
          for (const args of asked) await kernel.exec.run(["ip", ...args]);
          return asked.length;
        };
        await apply(before);
        await apply(after);
        expect(await apply(after)).toBe(0);
        expect(kernel.ipRules.length).toBe(after.length);
      }),
    );
  });
});

async function listed(kernel: ReturnType<typeof fakeKernel>): Promise<readonly IpRule[]> {
  const families = [
    ["-4", "ipv4"],
    ["-6", "ipv6"],
  ] as const;
  const found = families.map(async ([flag, family]) => {
    const parsed = parseIpRules((await kernel.exec.run(["ip", flag, "-j", "rule", "show"])).stdout, family);
    return parsed.kind === "ok" ? parsed.value : [];
  });
  return (await Promise.all(found)).flat();
}
