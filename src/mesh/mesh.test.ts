import { describe, expect, test } from "bun:test";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import { buildMesh, type Mesh } from "./mesh.ts";
import { inputOf, type MeshCase, offline, peerOf } from "./testing.ts";

/** `name: PodCIDRs`, an offline node in brackets, one that serves nothing with a question mark; the own node left out. */
function shown({ nodes }: Mesh): string[] {
  return nodes.slice(1).map(({ name, podCIDRs, isOnline, isServing }) => {
    const text = `${name}: ${podCIDRs.length === 0 ? "-" : podCIDRs.join(" ")}${isServing ? "" : "?"}`;
    return isOnline ? text : `(${text})`;
  });
}

const tagged = { tags: ["tag:k8s"] };
const tag = { tags: ["tag:other", "tag:k8s"] };
const unknown: MeshCase = { cluster: "" };
const dual: MeshCase = { own: "10.244.1.0/24,fd00:10:244:1::/64", cluster: "10.244.0.0/16,fd00:10:244::/48" };
const dualUnknown: MeshCase = { ...dual, cluster: "" };
const exit = "0.0.0.0/0 ::/0";

/** Peers, what is known of the cluster, and the nodes that come out. */
const members: [string, TailnetPeer[], MeshCase, string[]][] = [
  ["no peer", [], {}, []],
  ["a peer in the cluster's CIDR", [peerOf("n2", "10.244.2.0/24")], {}, ["n2: 10.244.2.0/24"]],
  [
    "several, by name",
    [peerOf("n3", "10.244.3.0/24"), peerOf("n2", "10.244.2.0/24")],
    {},
    ["n2: 10.244.2.0/24", "n3: 10.244.3.0/24"],
  ],
  ["a laptop", [peerOf("laptop")], {}, []],
  ["an exit node", [peerOf("exit", exit)], {}, []],
  ["a node that is an exit node, too", [peerOf("n2", `10.244.2.0/24 ${exit}`)], {}, ["n2: 10.244.2.0/24"]],
  ["a router to a network at home", [peerOf("home", "192.168.1.0/24")], {}, []],
  [
    "a node that is a router to a network at home",
    [peerOf("n2", "192.168.1.0/24 10.244.2.0/24")],
    {},
    ["n2: 10.244.2.0/24"],
  ],
  ["a router to a range around the cluster", [peerOf("corp", "10.0.0.0/8")], {}, []],
  ["a router to the whole cluster", [peerOf("corp", "10.244.0.0/16")], {}, []],
  ["a larger block than ours", [peerOf("n2", "10.244.16.0/20")], {}, ["n2: 10.244.16.0/20"]],
  ["a smaller block than ours", [peerOf("n2", "10.244.2.0/26")], {}, ["n2: 10.244.2.0/26"]],
  ["two blocks of one node", [peerOf("n2", "10.244.3.0/24 10.244.2.0/24")], {}, ["n2: 10.244.2.0/24 10.244.3.0/24"]],
  ["one block twice", [peerOf("n2", "10.244.2.0/24 10.244.2.0/24")], {}, ["n2: 10.244.2.0/24"]],
  ["a route with host bits", [peerOf("n2", "10.244.2.9/24")], {}, ["n2: 10.244.2.0/24"]],
  ["our own block at another", [peerOf("n2", "10.244.1.0/24")], {}, ["n2: 10.244.1.0/24"]],
  ["a peer that is offline and was never seen", [offline("n2")], {}, []],
  ["a route of the other family in a cluster of IPv4", [peerOf("n2", "fd00:10:244:2::/64")], {}, []],
  ["both families", [peerOf("n2", "fd00:10:244:2::/64 10.244.2.0/24")], dual, ["n2: 10.244.2.0/24 fd00:10:244:2::/64"]],
  ["one family of two", [peerOf("n2", "fd00:10:244:2::/64")], dual, ["n2: fd00:10:244:2::/64"]],
  ["IPv6 outside of the cluster", [peerOf("n2", "fd00:99::/64")], dual, []],
  [
    "IPv6 beside a cluster of which only IPv4 is known",
    [peerOf("n2", "fd00:99::/64")],
    { ...dual, cluster: "10.244.0.0/16" },
    ["n2: fd00:99::/64"],
  ],
  ["a node with the tag", [peerOf("n2", "10.244.2.0/24", tag)], tagged, ["n2: 10.244.2.0/24"]],
  ["one without it", [peerOf("n2", "10.244.2.0/24")], tagged, []],
  ["one with another tag", [peerOf("n2", "10.244.2.0/24", { tags: ["tag:k8s-x"] })], tagged, []],
  ["one of two tags", [peerOf("n2", "10.244.2.0/24", tag)], { tags: ["tag:server", "tag:k8s"] }, ["n2: 10.244.2.0/24"]],
  ["a node with the tag that serves nothing", [peerOf("n2", "", tag)], tagged, ["n2: -?"]],
  ["a node with the tag that is offline", [offline("n2", tag)], tagged, ["(n2: -?)"]],
  ["a node with the tag that serves only what is outside", [peerOf("n2", "192.168.1.0/24", tag)], tagged, ["n2: -?"]],
  [
    "a node with the tag, the cluster not known",
    [peerOf("n2", "10.9.0.0/20", tag)],
    { ...tagged, ...unknown },
    ["n2: 10.9.0.0/20"],
  ],
  [
    "a node with the tag that is an exit node, the cluster not known",
    [peerOf("n2", exit, tag)],
    { ...tagged, ...unknown },
    ["n2: -?"],
  ],
  [
    "a node with the tag and a public route, the cluster not known",
    [peerOf("n2", "198.51.100.0/24", tag)],
    { ...tagged, ...unknown },
    ["n2: -?"],
  ],
  ["a private block of our length, the cluster not known", [peerOf("n2", "10.9.2.0/24")], unknown, ["n2: 10.9.2.0/24"]],
  ["one in 172.16.0.0/12", [peerOf("n2", "172.31.2.0/24")], unknown, ["n2: 172.31.2.0/24"]],
  [
    "one in 192.168.0.0/16, which may be a network at home",
    [peerOf("n2", "192.168.1.0/24")],
    unknown,
    ["n2: 192.168.1.0/24"],
  ],
  ["a private block of another length", [peerOf("n2", "10.9.0.0/20")], unknown, []],
  ["a public block of our length", [peerOf("n2", "198.51.100.0/24")], unknown, []],
  ["a block of our length in the tailnet's range", [peerOf("n2", "100.64.9.0/24")], unknown, []],
  ["an exit node, the cluster not known", [peerOf("n2", exit)], unknown, []],
  ["a block of IPv6 where ours is IPv4", [peerOf("n2", "fd00:1:2:3::/64")], unknown, []],
  [
    "blocks of both families, the cluster not known",
    [peerOf("n2", "10.9.2.0/24 fd00:9:2::/64")],
    dualUnknown,
    ["n2: 10.9.2.0/24 fd00:9:2::/64"],
  ],
  ["global IPv6, the cluster not known", [peerOf("n2", "2001:db8:2::/64")], dualUnknown, []],
  [
    "global IPv6 in the cluster",
    [peerOf("n2", "2001:db8:2::/64")],
    { own: "2001:db8:1::/64", cluster: "2001:db8::/32" },
    ["n2: 2001:db8:2::/64"],
  ],
  [
    "two peers of one name",
    [peerOf("n2", "10.244.2.0/24", { id: "8" }), peerOf("n2", "10.244.3.0/24", { id: "7" })],
    {},
    ["n2: 10.244.3.0/24", "n2#8: 10.244.2.0/24"],
  ],
  ["a peer of our name", [peerOf("node-1", "10.244.2.0/24", { id: "8" })], {}, ["node-1#8: 10.244.2.0/24"]],
];

describe("buildMesh() finds the cluster's nodes", () => {
  test.each(members)("%s", (_name, peers, parts, nodes) => {
    expect(shown(buildMesh(inputOf(peers, parts)))).toEqual(nodes);
  });

  test("this node stands first, with its own PodCIDRs", () => {
    const [self] = buildMesh(inputOf([peerOf("a2", "10.244.2.0/24")])).nodes;
    expect({ ...self, addresses: self?.addresses.map(String), podCIDRs: self?.podCIDRs.map(String) }).toEqual({
      id: "1",
      name: "node-1",
      isSelf: true,
      addresses: ["100.64.0.1", "fd7a:115c:a1e0::1"],
      podCIDRs: ["10.244.1.0/24"],
      isServing: true,
      waiting: [],
      isOnline: true,
      path: { kind: "unknown" },
    });
  });

  test("a peer keeps its path", () => {
    const path = { kind: "direct", endpoint: "192.0.2.7:41641" } as const;
    expect(buildMesh(inputOf([peerOf("n2", "10.244.2.0/24", { path })])).nodes[1]?.path).toEqual(path);
  });
});

const n2 = peerOf("n2", "10.244.2.0/24");
const n3 = peerOf("n3", "10.244.3.0/24");

/** Tailnets one after the other, and what the last one makes of a mesh that has seen all. */
const histories: [string, TailnetPeer[][], MeshCase, string[], string[]][] = [
  [
    "a node that goes offline keeps its row and what it served",
    [
      [n2, n3],
      [offline("n2"), n3],
    ],
    {},
    ["(n2: 10.244.2.0/24?)", "n3: 10.244.3.0/24"],
    ["10.244.2.0/24", "10.244.3.0/24"],
  ],
  [
    "and for as long as it is away",
    [[n2], [offline("n2")], [offline("n2")], [offline("n2")]],
    {},
    ["(n2: 10.244.2.0/24?)"],
    ["10.244.2.0/24"],
  ],
  ["a node that comes back", [[n2], [offline("n2")], [n2]], {}, ["n2: 10.244.2.0/24"], ["10.244.2.0/24"]],
  [
    "one that comes back with another block",
    [[n2], [offline("n2")], [peerOf("n2", "10.244.7.0/24")]],
    {},
    ["n2: 10.244.7.0/24"],
    ["10.244.7.0/24"],
  ],
  ["one whose route is no longer approved", [[n2], [peerOf("n2")]], {}, ["n2: 10.244.2.0/24?"], ["10.244.2.0/24"]],
  [
    "one that serves only a network at home now",
    [[n2], [peerOf("n2", "192.168.1.0/24")]],
    {},
    ["n2: 10.244.2.0/24?"],
    ["10.244.2.0/24"],
  ],
  ["a node that was removed", [[n2, n3], [n3]], {}, ["n3: 10.244.3.0/24"], ["10.244.3.0/24"]],
  [
    "one that was removed and joined anew",
    [[n2], [peerOf("n2", "10.244.2.0/24", { id: "12" })]],
    {},
    ["n2: 10.244.2.0/24"],
    ["10.244.2.0/24"],
  ],
  [
    "one that is offline while another serves its block",
    [
      [n2, n3],
      [offline("n2"), peerOf("n3", "10.244.2.0/24")],
    ],
    {},
    ["n3: 10.244.2.0/24"],
    ["10.244.2.0/24"],
  ],
  [
    "one that is offline while another serves a piece of its block",
    [
      [n2, n3],
      [offline("n2"), peerOf("n3", "10.244.2.128/25")],
    ],
    {},
    ["n3: 10.244.2.128/25"],
    ["10.244.2.128/25"],
  ],
  [
    "one that is offline while a router serves a range around it",
    [[n2], [offline("n2"), peerOf("corp", "10.0.0.0/8")]],
    {},
    ["(n2: 10.244.2.0/24?)"],
    ["10.244.2.0/24"],
  ],
  ["one that is offline and whose block is ours now", [[n2], [offline("n2")]], { own: "10.244.2.0/24" }, [], []],
  [
    "a node with the tag keeps its row without a block",
    [
      [peerOf("n2", "10.244.2.0/24", tag), peerOf("n3", "", tag)],
      [offline("n2", tag), peerOf("n3", "10.244.2.0/24", tag)],
    ],
    tagged,
    ["(n2: -?)", "n3: 10.244.2.0/24"],
    ["10.244.2.0/24"],
  ],
  ["a node that has lost the tag", [[peerOf("n2", "10.244.2.0/24", tag)], [n2]], tagged, [], []],
  [
    "one family that is gone",
    [[peerOf("n2", "10.244.2.0/24 fd00:10:244:2::/64")], [n2]],
    dual,
    ["n2: 10.244.2.0/24"],
    ["10.244.2.0/24"],
  ],
];

describe("buildMesh() remembers what a node served", () => {
  test.each(histories)("%s", (_name, tailnets, { own, ...parts }, nodes, podCIDRs) => {
    let mesh: Mesh | undefined;
    for (const [at, peers] of tailnets.entries()) {
      // An own block of the case is taken in the last step.
      const isLast = at === tailnets.length - 1;
      const { nodes: previous = [] } = mesh ?? {};
      mesh = buildMesh(inputOf(peers, { ...parts, ...(isLast && own !== undefined ? { own } : {}), previous }));
    }
    if (mesh === undefined) throw new Error("no tailnet");
    expect(shown(mesh)).toEqual(nodes);
    expect(mesh.podCIDRs.map(String)).toEqual(podCIDRs);
  });
});

const podCIDRRows: [string, TailnetPeer[], MeshCase, string[]][] = [
  ["none of a peer that is no node", [peerOf("home", "192.168.1.0/24")], {}, []],
  ["in order", [n3, n2], {}, ["10.244.2.0/24", "10.244.3.0/24"]],
  ["not ours", [peerOf("n2", "10.244.1.0/24")], {}, []],
  ["no piece of ours", [peerOf("n2", "10.244.1.128/25 10.244.2.0/24")], {}, ["10.244.2.0/24"]],
  ["nothing around ours", [peerOf("n2", "10.244.0.0/20 10.244.20.0/24")], {}, ["10.244.20.0/24"]],
  [
    "one for two that hold each other",
    [peerOf("n2", "10.244.16.0/20"), peerOf("n3", "10.244.17.0/24")],
    {},
    ["10.244.16.0/20"],
  ],
  ["one for the same of two nodes", [n2, peerOf("n3", "10.244.2.0/24")], {}, ["10.244.2.0/24"]],
  ["both families", [peerOf("n2", "fd00:10:244:2::/64 10.244.2.0/24")], dual, ["10.244.2.0/24", "fd00:10:244:2::/64"]],
];

describe("buildMesh() gives the kernel the others' PodCIDRs", () => {
  test.each(podCIDRRows)("%s", (_name, peers, parts, podCIDRs) => {
    expect(buildMesh(inputOf(peers, parts)).podCIDRs.map(String)).toEqual(podCIDRs);
  });
});
