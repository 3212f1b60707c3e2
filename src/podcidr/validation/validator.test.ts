import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Addr } from "../../cidr/addr.ts";
import { Prefix, parsePrefix } from "../../cidr/prefix.ts";
import { hashBlocks } from "../guess/hash.ts";
import { ownNetworks } from "./own-networks.ts";
import { type CandidateOrigin, type Effect, type ReasonCode, reasons } from "./reasons.ts";
import type { ForeignRange, Surroundings } from "./surroundings.ts";
import { networksOf } from "./testing.ts";
import { createValidator, type GuessBase } from "./validator.ts";

interface Around {
  readonly addresses?: readonly string[];
  readonly routes?: readonly string[];
  readonly ports?: Readonly<Record<string, readonly string[]>>;
  readonly podDevices?: readonly string[];
  /** What files say is this node's. */
  readonly said?: readonly string[];
  readonly service?: string;
  readonly cluster?: string;
  readonly foreign?: ForeignRange;
  readonly other?: string;
  /** What node-7 has on the tailnet. */
  readonly taken?: string;
}

function surroundings(around: Around): Surroundings {
  const {
    addresses = [],
    routes = [],
    ports,
    podDevices = [],
    said = [],
    service,
    cluster,
    foreign,
    other,
    taken,
  } = around;
  const one = (text: string | undefined): readonly Prefix[] => (text === undefined ? [] : [parsePrefix(text)]);
  return {
    ownNetworks: ownNetworks(networksOf(addresses, routes, ports), { podDevices, nodeRanges: said.map(parsePrefix) }),
    serviceCIDRs: one(service),
    clusterCIDRs: one(cluster),
    saidClusters: one(cluster).map((range) => ({ range, by: "base" })),
    foreign: foreign === undefined ? [] : [foreign],
    otherNodes: other === undefined ? [] : [{ name: "w2", ranges: one(other), by: "nodeLocal", isPerhapsThis: false }],
    taken: one(taken).map((range) => ({ range, node: "node-7", isStale: false })),
  };
}

const wire: ForeignRange = {
  range: parsePrefix("192.168.1.0/24"),
  whose: "wire",
  why: "is of the network that macvlan attaches pods to",
  file: "/etc/cni/net.d/20-lan.conf",
  line: 3,
};
const tool: ForeignRange = { ...wire, range: parsePrefix("10.4.0.0/24"), whose: "tool", why: "is nerdctl's" };
const claimants: readonly CandidateOrigin[] = ["operator", "file", "guess", "cluster"];
const bases: readonly GuessBase[] = [{ base: parsePrefix("10.244.0.0/16"), bits: 24 }];

/** `code effect`, for each verdict. */
function judged(range: string, by: CandidateOrigin, around: Around): readonly string[] {
  const verdicts = createValidator(surroundings(around)).verdictsOn({ range: parsePrefix(range), by }, { bases });
  return verdicts.map(({ code, effect }) => `${code}: ${effect}`);
}

/** A range that a reason, and no other that refuses, is about. */
const examples: Readonly<Record<ReasonCode, readonly [range: string, around: Around, says: string]>> = {
  "all-addresses": ["0.0.0.0/0", {}, "is every address there is"],
  "host-bits": ["10.244.1.7/24", {}, "has host bits set: the network is 10.244.1.0/24"],
  "too-small": ["10.244.1.0/31", {}, "is a /31, which leaves no address for a pod"],
  "tailscale-range": ["100.100.1.0/24", {}, "lies in 100.64.0.0/10, which Tailscale gives its nodes addresses from"],
  "reserved-range": ["169.254.3.0/24", {}, "lies in the link-local range"],
  "too-large": ["128.0.0.0/4", {}, "is larger than any private range (/8)"],
  "service-range": ["10.96.1.0/24", { service: "10.96.0.0/12" }, "overlaps the service CIDR 10.96.0.0/12"],
  "own-address": [
    "10.244.0.0/16",
    { addresses: ["10.244.1.7/24 dev eth0"] },
    "holds this node's own address 10.244.1.7/24 on eth0",
  ],
  "own-network": [
    "10.244.1.128/25",
    { addresses: ["10.244.1.7/24 dev eth0"] },
    "lies in 10.244.1.0/24, the network this node is on with eth0 (10.244.1.7/24)",
  ],
  "own-route": [
    "10.244.1.0/24",
    { routes: ["10.244.1.128/25 via 192.168.1.254 dev eth0 proto static"] },
    "contains 10.244.1.128/25, which this node has a route to via 192.168.1.254 on eth0",
  ],
  "earlier-route": [
    "10.244.1.0/24",
    { routes: ["10.244.1.64/26 via 10.244.1.65 dev vxlan.calico proto 80"] },
    "contains 10.244.1.64/26, which another CNI has a route to via 10.244.1.65 on vxlan.calico",
  ],
  "wider-route": [
    "10.244.1.0/24",
    { routes: ["10.244.0.0/17 via 192.168.1.1 dev tun0"] },
    "lies in 10.244.0.0/17, which this node has a route to via 192.168.1.1 on tun0",
  ],
  "null-route": [
    "10.244.1.0/24",
    { routes: ["blackhole 10.244.1.64/26 proto bird"] },
    "contains 10.244.1.64/26, which a route of this node throws away",
  ],
  "earlier-network": [
    "10.244.1.0/25",
    { addresses: ["10.244.1.1/24 dev cni0"] },
    "lies in 10.244.1.0/24, which cni0, a device of another CNI, has",
  ],
  "wire-network": [
    "192.168.0.0/16",
    { foreign: wire },
    "overlaps 192.168.1.0/24, which is of the network that macvlan attaches pods to (/etc/cni/net.d/20-lan.conf:3)",
  ],
  "tool-network": [
    "10.4.0.0/25",
    { foreign: tool },
    "overlaps 10.4.0.0/24, which is nerdctl's (/etc/cni/net.d/20-lan.conf:3)",
  ],
  "tailnet-node": [
    "10.244.2.0/24",
    { taken: "10.244.2.0/24" },
    "overlaps 10.244.2.0/24, which node node-7 has on the tailnet",
  ],
  "other-node": [
    "10.244.2.0/25",
    { other: "10.244.2.0/24" },
    "overlaps 10.244.2.0/24, which is node w2's by nodeLocal",
  ],
  "every-node": [
    "10.244.1.0/24",
    { other: "10.244.2.0/24" },
    "is for every node that reads this configuration, and there is a node w2 (nodeLocal): give each node an entry of its own by name",
  ],
  "cluster-range": [
    "10.244.0.0/16",
    { cluster: "10.244.0.0/20" },
    "holds the whole cluster CIDR 10.244.0.0/20: right for a single node only",
  ],
  "outside-cluster": [
    "10.99.1.0/24",
    { cluster: "10.244.0.0/16" },
    "is outside of the cluster CIDR 10.244.0.0/16 (base), so that no other node counts it as this node's",
  ],
  "unusually-large": [
    "10.0.0.0/12",
    {},
    "is larger than a /16, for one node: every other host in it is out of its pods' reach",
  ],
  "docker-range": ["172.17.4.0/24", {}, "overlaps 172.17.0.0/16, where Docker puts its own bridge on every machine"],
};

describe("each reason of the table", () => {
  const rows = Object.entries(reasons).flatMap(([code, { effects }]) =>
    claimants.map((by): [ReasonCode, CandidateOrigin, Effect] => [code as ReasonCode, by, effects[by]]),
  );
  test.each(rows)("%s for a range of %p: %s", (code, by, effect) => {
    const [range, around, says] = examples[code];
    const validator = createValidator(surroundings(around));
    const verdicts = validator.verdictsOn({ range: parsePrefix(range), by }, { bases, isForEveryNode: true });
    const found = verdicts.find((each) => each.code === code);
    expect(found?.effect).toBe(effect === "-" ? undefined : effect);
    if (effect !== "-" && code !== "service-range") expect(found?.text).toBe(says);
  });

  test("has an example that no other reason refuses", () => {
    for (const [code, [range, around]] of Object.entries(examples)) {
      const refused = judged(range, "operator", around).filter((text) => text.endsWith("refused"));
      expect(refused.every((text) => text.startsWith(code))).toBe(true);
    }
  });
});

const flannel = {
  addresses: ["10.244.3.1/24 dev cni0", "10.244.3.0/32 dev flannel.1", "192.168.7.2/24 dev eth0"],
  routes: [
    "0.0.0.0/0 via 192.168.7.1 dev eth0",
    "10.244.3.0/24 dev cni0 proto kernel",
    "192.168.7.0/24 dev eth0 proto kernel",
    "10.244.4.0/24 via 10.244.4.0 dev flannel.1",
  ],
} as const;

describe("what is the node's own is no clash", () => {
  const operator: readonly CandidateOrigin[] = ["operator", "file"];
  test.each<[string, string, readonly CandidateOrigin[], Around]>([
    [
      "headcni0 and its route",
      "10.244.1.0/24",
      claimants,
      {
        addresses: ["10.244.1.1/24 dev headcni0"],
        routes: ["10.244.1.0/24 dev headcni0 proto kernel"],
      },
    ],
    [
      "Tailscale's device, whatever it is called",
      "10.244.1.0/24",
      claimants,
      {
        addresses: ["100.101.1.2/32 dev ts0", "fd7a:115c:a1e0::1/128 dev ts0"],
        routes: ["10.244.1.0/24 dev ts0", "10.244.1.0/24 dev tailscale0", "10.244.1.0/24 dev eth9 table 52"],
      },
    ],
    [
      "tables that a rule picks",
      "10.244.1.0/24",
      claimants,
      {
        routes: ["10.244.1.0/24 dev eth0 table 100", "local 10.244.1.0/24 dev lo table local proto kernel"],
      },
    ],
    [
      "loopback, link-local, multicast and default routes",
      "10.244.1.0/24",
      claimants,
      {
        addresses: ["127.0.0.1/8 dev lo", "::1/128 dev lo", "fe80::1/64 dev eth0", "169.254.20.10/32 dev nodelocaldns"],
        routes: ["0.0.0.0/0 via 10.0.0.1 dev eth0", "224.0.0.0/4 dev eth0", "::/0 via fe80::2 dev eth0"],
      },
    ],
    [
      "the two halves of everything a VPN takes",
      "10.244.1.0/24",
      claimants,
      {
        routes: ["0.0.0.0/1 via 10.8.0.1 dev tun0", "128.0.0.0/1 via 10.8.0.1 dev tun0"],
      },
    ],
    [
      "a wider route through a gateway",
      "10.244.1.0/24",
      claimants,
      { routes: ["10.0.0.0/8 via 192.168.1.1 dev eth0"] },
    ],
    ["a wider route into a tunnel", "10.244.1.0/24", claimants, { routes: ["10.0.0.0/8 dev wg0"] }],
    [
      "a wider route that leads nowhere",
      "10.244.1.0/24",
      claimants,
      { routes: ["blackhole 10.244.0.0/17 proto bird"] },
    ],
    [
      "flannel's bridge and device on a node that moves",
      "10.244.3.0/24",
      operator,
      { ...flannel, said: ["10.244.3.0/24"] },
    ],
    ["the same where no file says it", "10.244.3.0/24", operator, flannel],
    ["flannel's routes in the cluster's range", "10.244.0.0/16", ["cluster"], flannel],
    [
      "a bridge that a conflist names",
      "10.244.3.0/24",
      operator,
      {
        addresses: ["10.244.3.1/24 dev mynet0"],
        podDevices: ["mynet0"],
      },
    ],
    [
      "docker0 with the range that flannel gave it",
      "10.244.3.0/24",
      operator,
      {
        addresses: ["10.244.3.1/24 dev docker0"],
        said: ["10.244.3.0/24"],
      },
    ],
    [
      "a bridge of pods by another name, with what a file says",
      "10.244.3.0/24",
      operator,
      {
        addresses: ["10.244.3.1/24 dev kbr0"],
        ports: { kbr0: ["veth12", "veth13"] },
        said: ["10.244.3.0/24"],
      },
    ],
    [
      "kindnet's and ptp's devices",
      "10.244.3.0/24",
      operator,
      {
        addresses: ["10.244.3.1/32 dev veth1a", "10.244.3.1/32 dev veth2b"],
        routes: ["10.244.3.5/32 dev veth1a", "10.244.3.6/32 dev veth2b"],
      },
    ],
    [
      "Cilium's device and the route through its own address",
      "10.0.1.0/24",
      operator,
      {
        addresses: ["10.0.1.23/32 dev cilium_host"],
        routes: ["10.0.1.0/24 via 10.0.1.23 dev cilium_host"],
        cluster: "10.0.0.0/16",
      },
    ],
    ["Calico's routes to its pods", "10.244.3.0/24", operator, { routes: ["10.244.3.9/32 dev cali12345abcde"] }],
    [
      "networks beside it",
      "10.244.3.0/24",
      claimants,
      {
        addresses: ["10.244.4.7/24 dev eth0", "fd00::7/64 dev eth0"],
        routes: ["10.244.5.0/24 via 10.244.4.1 dev eth0"],
        service: "10.96.0.0/12",
        other: "10.244.2.0/24",
      },
    ],
  ])("%s", (_name, range, by, around) => {
    for (const claimant of by) {
      const found = judged(range, claimant, { cluster: "10.244.0.0/16", ...around });
      expect([claimant, ...found.filter((text) => !text.startsWith("cluster-range"))]).toEqual([claimant]);
    }
  });
});

describe("what is somebody else's is one", () => {
  test.each<[string, string, CandidateOrigin, Around, readonly string[]]>([
    [
      "a LAN in the range",
      "10.244.0.0/16",
      "operator",
      { addresses: ["10.244.1.7/24 dev eth0"] },
      ["own-address: refused"],
    ],
    [
      "a LAN around the range",
      "10.244.1.0/24",
      "file",
      { addresses: ["10.0.0.5/8 dev eth0"] },
      ["own-network: passed over"],
    ],
    [
      "an address by itself",
      "10.244.1.0/24",
      "operator",
      { addresses: ["10.244.1.9/32 dev lo"] },
      ["own-address: refused"],
    ],
    [
      "an address by itself on a veth",
      "10.244.1.0/24",
      "operator",
      { addresses: ["10.244.1.9/32 dev veth0"] },
      ["own-address: refused"],
    ],
    [
      "a LAN on a veth",
      "10.244.1.0/24",
      "guess",
      { addresses: ["10.244.1.9/24 dev veth0"] },
      ["own-address: passed over"],
    ],
    [
      "an address that DHCP gave beside cni0",
      "10.244.3.0/24",
      "file",
      { ...flannel, addresses: [...flannel.addresses, "10.244.3.77/24 dev eth1"] },
      ["own-address: passed over"],
    ],
    [
      "the LAN's bridge with just what a file says",
      "192.168.1.0/24",
      "file",
      {
        addresses: ["192.168.1.1/24 dev br0"],
        ports: { br0: ["eth0", "veth1"] },
        said: ["192.168.1.0/24"],
      },
      ["own-address: passed over"],
    ],
    [
      "a network card with just what a file says",
      "192.168.1.0/24",
      "file",
      {
        addresses: ["192.168.1.1/24 dev eth0"],
        said: ["192.168.1.0/24"],
      },
      ["own-address: passed over"],
    ],
    [
      "Docker's bridge",
      "172.17.0.0/24",
      "operator",
      { addresses: ["172.17.0.1/16 dev docker0"] },
      ["own-address: refused", "docker-range: questioned"],
    ],
    [
      "the prefix of a router advertisement",
      "2001:db8:1::/64",
      "operator",
      { routes: ["2001:db8:1::/64 dev eth0 proto ra"] },
      ["own-network: refused"],
    ],
    [
      "the far end of a tunnel",
      "10.8.0.0/24",
      "operator",
      { routes: ["10.8.0.1/32 dev tun0 proto kernel"] },
      ["own-network: refused"],
    ],
    [
      "the same range behind a gateway",
      "10.244.1.0/24",
      "file",
      { routes: ["10.244.1.0/24 via 192.168.1.9 dev eth0"] },
      ["own-route: passed over"],
    ],
    [
      "a part of it behind a gateway",
      "10.244.0.0/16",
      "operator",
      { routes: ["10.244.9.0/24 dev wg0"] },
      ["own-route: refused"],
    ],
    ["another node's block, by flannel's route", "10.244.4.0/24", "guess", flannel, ["own-route: passed over"]],
    ["the same, when an operator writes it", "10.244.4.0/24", "operator", flannel, ["own-route: refused"]],
    [
      "another node's block, by kindnet's route",
      "10.244.4.0/24",
      "guess",
      { routes: ["10.244.4.0/24 via 172.18.0.3 dev eth0"] },
      ["own-route: passed over"],
    ],
    [
      "what cni0 has, for a guess",
      "10.244.3.0/24",
      "guess",
      flannel,
      ["earlier-network: passed over", "earlier-network: passed over"],
    ],
    [
      "an IPv6 address by itself on a veth, with its route",
      "fd00:1::/64",
      "operator",
      { addresses: ["fd00:1::9/128 dev veth0"], routes: ["fd00:1::9/128 dev veth0 proto kernel"] },
      ["own-address: refused"],
    ],
    [
      "a block of Calico's on another node, by BIRD's route",
      "10.244.1.0/24",
      "file",
      { routes: ["10.244.1.64/26 via 10.0.0.9 dev eth0 proto bird"], ports: { none: ["cali0123456789a"] } },
      ["earlier-route: questioned"],
    ],
    [
      "a route of BIRD's without Calico",
      "10.244.1.0/24",
      "file",
      { routes: ["10.244.1.64/26 via 10.0.0.9 dev eth0 proto bird"] },
      ["own-route: passed over"],
    ],
    [
      "another node's block, by flannel's route into WireGuard",
      "10.244.4.0/24",
      "operator",
      { addresses: ["10.244.3.0/32 dev flannel-wg"], routes: ["10.244.4.0/24 dev flannel-wg"] },
      ["own-route: refused"],
    ],
    [
      "another node's block, by Cilium's route through this node's own address",
      "10.0.2.0/24",
      "file",
      { addresses: ["10.0.1.23/32 dev cilium_host"], routes: ["10.0.2.0/24 via 10.0.1.23 dev cilium_host"] },
      ["own-route: passed over"],
    ],
    [
      "an address beside one of a provider in 100.64.0.0/10",
      "10.244.1.0/24",
      "operator",
      { addresses: ["100.70.0.5/32 dev eth0", "10.244.1.7/24 dev eth0"] },
      ["own-address: refused"],
    ],
    [
      "the LAN's bridge, although a conflist names it",
      "192.168.1.0/24",
      "operator",
      { addresses: ["192.168.1.5/24 dev br0"], podDevices: ["br0"], ports: { br0: ["eth0", "veth1"] } },
      ["own-address: refused"],
    ],
    ["more than what cni0 has", "10.244.2.0/23", "operator", flannel, ["earlier-network: questioned"]],
    [
      "a route around some of what can be guessed",
      "10.244.9.0/24",
      "guess",
      { routes: ["10.244.8.0/21 via 10.0.0.1 dev eth0"] },
      ["wider-route: passed over"],
    ],
    [
      "the LAN in the cluster's range",
      "10.244.0.0/16",
      "cluster",
      { addresses: ["10.244.1.7/24 dev eth0"] },
      ["own-address: questioned"],
    ],
    [
      "a macvlan's LAN in the cluster's range",
      "192.168.0.0/16",
      "cluster",
      { foreign: wire },
      ["wire-network: questioned"],
    ],
    ["a network that a tool may make", "10.4.0.0/24", "file", { foreign: tool }, ["tool-network: questioned"]],
    [
      "another node's entry, in a file",
      "10.244.2.0/24",
      "file",
      { other: "10.244.2.0/24" },
      ["other-node: passed over"],
    ],
    [
      "both families' own",
      "fd00::/64",
      "operator",
      { addresses: ["fd00::7/64 dev eth0", "10.0.0.7/24 dev eth0"] },
      ["own-address: refused"],
    ],
  ])("%s", (_name, range, by, around, expected) => {
    expect(judged(range, by, around)).toEqual(expected);
  });

  test("once, where an address and its route show the same", () => {
    const around = { addresses: ["10.244.1.7/24 dev eth0"], routes: ["10.244.1.0/24 dev eth0 proto kernel"] };
    expect(judged("10.244.1.0/24", "operator", around)).toEqual(["own-address: refused"]);
  });
});

test("what ip cannot tell is held against nothing", () => {
  const networks = { kind: "unknown", why: "no ip" } as const;
  expect(ownNetworks(networks, { podDevices: [], nodeRanges: [] })).toEqual([]);
});

/** Prefixes in 10.244.0.0/20 and around it, so that they meet often. */
const near = fc
  .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 16, max: 32 }))
  .map(([at, bits]) => new Prefix(new Addr("ipv4", (10n << 24n) + (244n << 16n) + BigInt(at * 64)), bits));
const nearText = near.map((prefix) => prefix.masked().toString());
const device = fc.constantFrom(
  "eth0",
  "eth1",
  "veth0",
  "docker0",
  "cni0",
  "flannel.1",
  "headcni0",
  "tailscale0",
  "wg0",
);
const around = fc.record({
  addresses: fc.array(
    fc.tuple(near, device).map(([prefix, dev]) => `${prefix} dev ${dev}`),
    { maxLength: 4 },
  ),
  routes: fc.array(
    fc
      .tuple(
        nearText,
        fc.constantFrom("via 10.1.0.1 ", ""),
        device,
        fc.constantFrom("kernel", "static", "dhcp", "bird"),
      )
      .map(([range, via, dev, proto]) => `${range} ${via}dev ${dev} proto ${proto}`),
    { maxLength: 4 },
  ),
  said: fc.array(nearText, { maxLength: 2 }),
  service: nearText,
  cluster: fc.constant("10.244.0.0/20"),
  other: nearText,
  foreign: fc
    .tuple(near, fc.constantFrom<"wire" | "tool">("wire", "tool"))
    .map(([range, whose]) => ({ ...wire, range: range.masked(), whose })),
});

describe("whatever is around", () => {
  const few: readonly GuessBase[] = [{ base: parsePrefix("10.244.0.0/20"), bits: 24 }];

  test("a block that is guessed is one that nothing is held against, and one is found where there is one", () => {
    fc.assert(
      fc.property(around, fc.string(), (given, name) => {
        const validator = createValidator(surroundings(given));
        const isFree = (range: Prefix): boolean =>
          validator.verdictsOn({ range, by: "guess" }, { bases: few }).length === 0;
        const [block] = hashBlocks(name, few, validator.takenFor(few)) ?? [];
        if (block !== undefined) expect(isFree(block)).toBe(true);
        else {
          const all = Array.from({ length: 16 }, (_, at) => parsePrefix(`10.244.${at}.0/24`));
          expect(all.filter(isFree)).toEqual([]);
        }
      }),
    );
  });

  test("what no verdict is on overlaps no address, no service, no other network and no other node", () => {
    fc.assert(
      fc.property(around, near, fc.constantFrom<CandidateOrigin>("operator", "file", "guess"), (given, prefix, by) => {
        const range = prefix.masked();
        if (createValidator(surroundings(given)).verdictsOn({ range, by }, { bases: few }).length > 0) return;
        const ours = /(headcni0|tailscale0|cni0|flannel\.1)$/;
        const others = [
          ...given.addresses.filter((text) => !ours.test(text)).map((text) => text.split(" ")[0] ?? ""),
          given.service,
          given.other,
        ].map(parsePrefix);
        const isSaid = (other: Prefix): boolean => given.said.includes(other.masked().toString());
        expect(others.filter((other) => other.overlaps(range) && !isSaid(other))).toEqual([]);
        expect(given.foreign.range.overlaps(range)).toBe(false);
      }),
    );
  });

  test("an operator's range that counts is a file's and a guess's no less, unless it is only odd", () => {
    fc.assert(
      fc.property(around, near, (given, prefix) => {
        const validator = createValidator(surroundings(given));
        const range = prefix.masked();
        const stands = (by: CandidateOrigin, ...effects: readonly Effect[]): boolean =>
          validator.verdictsOn({ range, by }).some(({ effect }) => effects.includes(effect));
        if (stands("operator", "refused")) expect(stands("file", "refused", "passed over")).toBe(true);
      }),
    );
  });
});
