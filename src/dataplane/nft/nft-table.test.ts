import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Addr } from "../../cidr/addr.ts";
import { outermost } from "../../cidr/aggregate.ts";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { Prefix, parsePrefix } from "../../cidr/prefix.ts";
import { type NftTableInput, planTable, renderTable } from "./nft-table.ts";
import { listedPeers, parseTable, tableScript } from "./table-listing.ts";
import { listFakeTable, runFakeScript } from "./testing.ts";

const prefixes = (text: string) => text.split(" ").flatMap((each) => (each === "" ? [] : [parsePrefix(each)]));

interface Row {
  podCIDRs?: string;
  clusterCIDRs?: string;
  peers?: string;
  tailnetDevice?: string;
  isMasquerading?: boolean;
}

function plan({ podCIDRs = "10.1.2.0/24", clusterCIDRs = "", peers, isMasquerading = false, ...row }: Row) {
  const { tailnetDevice = "tailscale0" } = row;
  return planTable({
    podCIDRs: parsePodCIDRs(podCIDRs),
    clusterCIDRs: prefixes(clusterCIDRs),
    peers: peers === undefined ? undefined : prefixes(peers),
    tailnetDevice,
    isMasquerading,
  });
}

/** What a table in the fake nft is after one look at it. */
function look(table: string | undefined, wanted: ReturnType<typeof planTable>) {
  const script = tableScript(table === undefined ? undefined : parseTable(listFakeTable(table)), wanted);
  return { script, table: script === undefined ? table : runFakeScript(table, script) };
}

describe("planTable()", () => {
  test("is nothing where neither a tailnet nor masquerading asks for it", () => {
    expect(plan({})).toBeUndefined();
  });

  test("keeps sources between pods, and of nodes of the tailnet towards the own pods", () => {
    expect(plan({ clusterCIDRs: "10.1.0.0/16", peers: "10.1.3.0/24 10.1.4.0/24" })).toMatchObject({
      chains: [
        {
          name: "keepsource",
          priority: 99,
          rules: [
            "meta mark & 0x4000 == 0 ip saddr @pods4 ip daddr @pods4 snat ip to ip saddr",
            "meta mark & 0x4000 == 0 ip saddr 100.64.0.0/10 ip daddr @own4 snat ip to ip saddr",
            'oifname "tailscale0" meta mark & 0x4000 == 0 ip saddr @own4 ip daddr @cluster4 snat ip to ip saddr',
            "meta mark & 0xff0000 == 0x40000 meta mark & 0x4000 == 0 ip saddr @cluster4 ip daddr @own4 snat ip to ip saddr",
          ],
        },
      ],
      sets: [
        { name: "pods4", networks: prefixes("10.1.2.0/24 10.1.3.0/24 10.1.4.0/24") },
        { name: "own4", networks: prefixes("10.1.2.0/24") },
        { name: "cluster4", networks: prefixes("10.1.0.0/16") },
      ],
    });
  });

  test("treats each family by itself", () => {
    const table = plan({ podCIDRs: "10.1.2.0/24,fd00:1::/64", peers: "fd00:2::/64 10.1.3.0/24", isMasquerading: true });
    expect(table?.chains.map(({ name, rules }) => [name, rules.length])).toEqual([
      ["keepsource", 8],
      ["postrouting", 12],
    ]);
    expect(table?.sets.map(({ name, networks }) => `${name} ${networks}`)).toEqual([
      "pods4 10.1.2.0/24,10.1.3.0/24",
      "own4 10.1.2.0/24",
      "cluster4 ",
      "pods6 fd00:1::/64,fd00:2::/64",
      "own6 fd00:1::/64",
      "cluster6 ",
    ]);
    expect(table?.chains[0]?.rules).toContain(
      "meta mark & 0x4000 == 0 ip6 saddr fd7a:115c:a1e0::/48 ip6 daddr @own6 snat ip6 to ip6 saddr",
    );
  });

  test("masquerades neither what the node itself sends, nor within the cluster, nor to multicast", () => {
    expect(plan({ clusterCIDRs: "10.1.0.0/16", isMasquerading: true })?.chains).toEqual([
      {
        name: "postrouting",
        priority: 100,
        rules: [
          "ip saddr @own4 fib saddr type local return",
          'ip saddr @own4 oifname "headcni0" return',
          "ip saddr @own4 ip daddr @pods4 return",
          "ip saddr @own4 ip daddr @cluster4 return",
          "ip saddr @own4 ip daddr 224.0.0.0/4 return",
          "ip saddr @own4 masquerade",
        ],
      },
    ]);
  });

  test("gives the same mark whatever the networks are, another for other rules", () => {
    const mark = plan({ peers: "10.1.3.0/24" })?.mark;
    expect(plan({ podCIDRs: "10.9.0.0/24", peers: "", clusterCIDRs: "10.9.0.0/16" })?.mark).toBe(mark);
    expect(plan({ peers: "10.1.3.0/24", isMasquerading: true })?.mark).not.toBe(mark);
  });
});

describe("tableScript()", () => {
  const wanted = plan({ peers: "10.1.3.0/24 10.1.4.0/24", isMasquerading: true });
  if (wanted === undefined) throw new Error("there is a table");
  const right = look(undefined, wanted).table ?? "";
  const lines = right.split("\n");
  const chain = lines.indexOf("  chain keepsource {");
  const set = lines.indexOf("  set pods4 {");
  const hook = "    type nat hook postrouting priority 5; policy accept;";

  test("knows its own table again", () => {
    expect(look(right, wanted).script).toBeUndefined();
  });

  test.each([
    ["a rule taken out", lines.toSpliced(chain + 2, 1)],
    ["a rule of another's put in", lines.toSpliced(chain + 2, 0, '    ip daddr 1.2.3.4 drop comment "x"')],
    ["a rule replaced", lines.with(chain + 2, '    ip daddr 1.2.3.4 accept comment "y"')],
    ["a rule twice", lines.toSpliced(chain + 2, 0, lines[chain + 2] ?? "")],
    ["a chain put in", lines.toSpliced(set, 0, "  chain other {", hook, "  }")],
    ["a chain taken out", lines.slice(0, lines.indexOf("  chain postrouting {"))],
    ["a set put in", lines.toSpliced(set, 0, "  set x4 {", "    type ipv4_addr; flags interval;", "  }")],
    ["a set taken out", lines.toSpliced(set, 4)],
    ["an empty table", ["table inet headcni {", "}"]],
    ["the table of an earlier version", right.replaceAll(wanted.mark, "headcni 000000000000").split("\n")],
  ])("writes the whole table for %s", (_name, damaged) => {
    expect(tableScript(parseTable(listFakeTable(damaged.join("\n"))), wanted)).toBe(renderTable(wanted));
  });

  test.each([
    ["a peer more", "10.1.3.0/24 10.1.4.0/24 10.1.5.0/24", ["add element inet headcni pods4 { 10.1.5.0/24 }"]],
    ["a peer fewer", "10.1.3.0/24", ["delete element inet headcni pods4 { 10.1.4.0/24 }"]],
    [
      "a peer around all others: what goes comes first",
      "10.1.3.0/24 10.1.4.0/24 10.1.0.0/16",
      [
        "delete element inet headcni pods4 { 10.1.2.0/24, 10.1.3.0/24, 10.1.4.0/24 }",
        "add element inet headcni pods4 { 10.1.0.0/16 }",
      ],
    ],
    ["a peer inside another", "10.1.3.0/24 10.1.4.0/24 10.1.4.128/25", undefined],
  ])("changes elements alone for %s", (_name, peers, script) => {
    const next = plan({ peers, isMasquerading: true });
    expect(look(right, next).script).toBe(script === undefined ? undefined : `${script.join("\n")}\n`);
  });

  test("takes out the table where none is wanted, and nothing where there is none", () => {
    expect(look(right, undefined)).toEqual({ script: "delete table inet headcni\n", table: undefined });
    expect(look(undefined, undefined).script).toBeUndefined();
  });
});

describe("parseTable()", () => {
  const listed = (...objects: object[]) => parseTable(JSON.stringify({ nftables: objects }));
  const set = { name: "pods4", type: "ipv4_addr" };

  test.each([
    ["a list of flags", ["interval"]],
    ["a single flag, as newer versions print it", "interval"],
  ])("reads a set with %s", (_name, flags) => {
    expect(listed({ set: { ...set, flags } })?.shape).toEqual(["set pods4 ipv4_addr interval"]);
  });

  test("reads addresses and prefixes, and gives up on a set with other elements", () => {
    const elem = ["10.9.0.1", { prefix: { addr: "10.1.0.0", len: 16 } }];
    expect(listed({ set: { ...set, elem } })?.networks.get("pods4")).toEqual(prefixes("10.9.0.1/32 10.1.0.0/16"));
    const range = { range: ["10.0.0.1", "10.0.0.5"] };
    expect(listed({ set: { ...set, elem: [...elem, range] } })?.networks.get("pods4")).toBeUndefined();
  });

  test("sees what HeadCNI never writes", () => {
    expect(listed({ map: { name: "m" } })?.shape).toEqual(["map"]);
  });

  test.each(["", "table inet headcni {", "[]", "{}", '{"nftables": 3}'])("refuses what is no listing: %p", (text) => {
    expect(parseTable(text)).toBeUndefined();
  });
});

test.each([
  ["the peers of a table that keeps sources", "10.1.3.0/24 fd00:2::/64", false],
  ["none, of one peer less", "", false],
  ["undefined of one that masquerades alone", undefined, true],
])("listedPeers() gives %s", (_name, peers, isMasquerading) => {
  const wanted = plan({
    podCIDRs: "10.1.2.0/24,fd00:1::/64",
    ...(peers === undefined ? {} : { peers }),
    isMasquerading,
  });
  const listing = parseTable(listFakeTable(look(undefined, wanted).table ?? ""));
  if (listing === undefined) throw new Error("it is a listing");
  expect(listedPeers(listing)).toEqual(peers === undefined ? undefined : prefixes(peers));
});

describe("for any two states of a node", () => {
  const anyPrefix = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 7 }), fc.integer({ min: 14, max: 32 }))
    .map(([third, second, bits]) =>
      new Prefix(new Addr("ipv4", BigInt((10 << 24) | (second << 16) | (third << 8))), bits).masked(),
    );
  const anyInput: fc.Arbitrary<NftTableInput> = fc.record({
    podCIDRs: fc.constantFrom("10.1.2.0/24", "10.9.0.0/24", "10.1.2.0/24,fd00:1::/64").map(parsePodCIDRs),
    clusterCIDRs: fc.array(anyPrefix, { maxLength: 2 }),
    peers: fc.option(fc.array(anyPrefix, { maxLength: 12 }), { nil: undefined }),
    tailnetDevice: fc.constantFrom("tailscale0", "ts0"),
    isMasquerading: fc.boolean(),
  });

  test("the table of one becomes that of the other, and then nothing is left to do", () => {
    void fc.assert(
      fc.property(anyInput, anyInput, (before, after) => {
        const first = look(undefined, planTable(before)).table;
        const wanted = planTable(after);
        const second = look(first, wanted).table;
        expect(look(second, wanted).script).toBeUndefined();
        const fresh = look(undefined, wanted).table;
        expect(second === undefined).toBe(fresh === undefined);
        if (second === undefined || fresh === undefined) return;
        expect(elements(second)).toEqual(elements(fresh));
      }),
    );
  });

  test("the order of peers and cluster CIDRs means nothing", () => {
    void fc.assert(
      fc.property(anyInput, (input) => {
        const { peers, clusterCIDRs } = input;
        const turned = { ...input, peers: peers?.toReversed(), clusterCIDRs: clusterCIDRs.toReversed() };
        expect(planTable(turned)).toEqual(planTable(input));
      }),
    );
  });

  test("outermost() holds the same addresses in networks that do not overlap", () => {
    void fc.assert(
      fc.property(fc.array(anyPrefix), (all) => {
        const kept = outermost(all);
        expect(all.every((prefix) => kept.some((outer) => outer.contains(prefix)))).toBe(true);
        expect(kept.every((a) => kept.every((b) => a === b || !a.overlaps(b)))).toBe(true);
        expect(kept.every((prefix) => all.some((each) => each.equals(prefix)))).toBe(true);
      }),
    );
  });
});

function elements(table: string) {
  const networks = parseTable(listFakeTable(table))?.networks ?? new Map<string, readonly Prefix[]>();
  return Object.fromEntries([...networks].map(([name, list]) => [name, (list ?? []).map(String).toSorted()]));
}
