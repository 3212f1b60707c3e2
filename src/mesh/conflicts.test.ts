import { describe, expect, test } from "bun:test";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import { buildMesh } from "./mesh.ts";
import { inputOf, type MeshCase, offline, peerOf } from "./testing.ts";

const dual: MeshCase = { own: "10.244.1.0/24,fd00:10:244:1::/64", cluster: "10.244.0.0/16,fd00:10:244::/48" };
const tagged: MeshCase = { tags: ["tag:k8s"] };
const tag = { tags: ["tag:k8s"] };
const n2 = peerOf("n2", "10.244.2.0/24");

/** `kind: PodCIDR of node ~ route of another` */
const rows: [string, TailnetPeer[], MeshCase, string[]][] = [
  ["nobody else", [], {}, []],
  ["another block", [n2], {}, []],
  ["the block before and after ours", [peerOf("n2", "10.244.0.0/24"), peerOf("n3", "10.244.2.0/24")], {}, []],
  ["our block", [peerOf("n2", "10.244.1.0/24")], {}, ["duplicate: 10.244.1.0/24 of node-1 ~ 10.244.1.0/24 of n2"]],
  [
    "our block with host bits",
    [peerOf("n2", "10.244.1.7/24")],
    {},
    ["duplicate: 10.244.1.0/24 of node-1 ~ 10.244.1.0/24 of n2"],
  ],
  [
    "our block at a peer without the tag",
    [peerOf("n2", "10.244.1.0/24")],
    tagged,
    ["duplicate: 10.244.1.0/24 of node-1 ~ 10.244.1.0/24 of n2"],
  ],
  [
    "half of our block",
    [peerOf("n2", "10.244.1.128/25")],
    {},
    ["piece: 10.244.1.0/24 of node-1 ~ 10.244.1.128/25 of n2"],
  ],
  [
    "both halves of it",
    [peerOf("n2", "10.244.1.0/25"), peerOf("n3", "10.244.1.128/25")],
    {},
    ["piece: 10.244.1.0/24 of node-1 ~ 10.244.1.0/25 of n2", "piece: 10.244.1.0/24 of node-1 ~ 10.244.1.128/25 of n3"],
  ],
  ["one address of it", [peerOf("n2", "10.244.1.9/32")], {}, ["piece: 10.244.1.0/24 of node-1 ~ 10.244.1.9/32 of n2"]],
  [
    "a range around it",
    [peerOf("n2", "10.244.0.0/20")],
    {},
    ["supernet: 10.244.1.0/24 of node-1 ~ 10.244.0.0/20 of n2"],
  ],
  [
    "the whole cluster",
    [peerOf("corp", "10.244.0.0/16")],
    {},
    ["supernet: 10.244.1.0/24 of node-1 ~ 10.244.0.0/16 of corp"],
  ],
  ["10.0.0.0/8", [peerOf("corp", "10.0.0.0/8")], {}, ["supernet: 10.244.1.0/24 of node-1 ~ 10.0.0.0/8 of corp"]],
  [
    "10.0.0.0/8 beside other nodes, told once",
    [peerOf("corp", "10.0.0.0/8"), n2, peerOf("n3", "10.244.3.0/24")],
    {},
    ["supernet: 10.244.1.0/24 of node-1 ~ 10.0.0.0/8 of corp"],
  ],
  ["half of all addresses", [peerOf("vpn", "0.0.0.0/1")], {}, ["supernet: 10.244.1.0/24 of node-1 ~ 0.0.0.0/1 of vpn"]],
  ["an exit node", [peerOf("exit", "0.0.0.0/0 ::/0")], {}, []],
  [
    "our block and a range around it",
    [peerOf("n2", "10.244.1.0/24"), peerOf("corp", "10.0.0.0/8")],
    {},
    [
      "supernet: 10.244.1.0/24 of node-1 ~ 10.0.0.0/8 of corp",
      "duplicate: 10.244.1.0/24 of node-1 ~ 10.244.1.0/24 of n2",
    ],
  ],
  ["our block at a node that is offline", [offline("n2")], {}, []],
  [
    "our block of IPv6",
    [peerOf("n2", "fd00:10:244:1::/64")],
    dual,
    ["duplicate: fd00:10:244:1::/64 of node-1 ~ fd00:10:244:1::/64 of n2"],
  ],
  [
    "both of our blocks",
    [peerOf("n2", "fd00:10:244:1::/64 10.244.1.0/24")],
    dual,
    [
      "duplicate: 10.244.1.0/24 of node-1 ~ 10.244.1.0/24 of n2",
      "duplicate: fd00:10:244:1::/64 of node-1 ~ fd00:10:244:1::/64 of n2",
    ],
  ],
  [
    "a range around our block of IPv6",
    [peerOf("corp", "fd00::/8")],
    dual,
    ["supernet: fd00:10:244:1::/64 of node-1 ~ fd00::/8 of corp"],
  ],
  [
    "our block in the tailnet's range",
    [],
    { own: "100.64.1.0/24", cluster: "100.64.0.0/16" },
    ["tailnet-range: 100.64.1.0/24 of node-1 ~ 100.64.0.0/10 of -"],
  ],
  [
    "our block of IPv6 in the tailnet's range",
    [],
    { own: "fd7a:115c:a1e0:1::/64", cluster: "fd7a:115c:a1e0::/48" },
    ["tailnet-range: fd7a:115c:a1e0:1::/64 of node-1 ~ fd7a:115c:a1e0::/48 of -"],
  ],
  [
    "another's block in the tailnet's range",
    [peerOf("n2", "100.70.2.0/24", tag)],
    { ...tagged, own: "100.70.1.0/24", cluster: "100.70.0.0/16" },
    [
      "tailnet-range: 100.70.1.0/24 of node-1 ~ 100.64.0.0/10 of -",
      "tailnet-range: 100.70.2.0/24 of n2 ~ 100.64.0.0/10 of -",
    ],
  ],
  ["a route in the tailnet's range of a peer that is no node", [peerOf("n2", "100.64.9.0/24")], {}, []],
  [
    "one block at two others",
    [n2, peerOf("n3", "10.244.2.0/24")],
    {},
    ["others: 10.244.2.0/24 of n3 ~ 10.244.2.0/24 of n2"],
  ],
  [
    "one block at three others",
    [n2, peerOf("n3", "10.244.2.0/24"), peerOf("n4", "10.244.2.0/24")],
    {},
    ["others: 10.244.2.0/24 of n3 ~ 10.244.2.0/24 of n2", "others: 10.244.2.0/24 of n4 ~ 10.244.2.0/24 of n2"],
  ],
  [
    "a piece of another's block",
    [n2, peerOf("n3", "10.244.2.64/26")],
    {},
    ["others: 10.244.2.64/26 of n3 ~ 10.244.2.0/24 of n2"],
  ],
  [
    "a piece of another's block at a peer that is no node",
    [peerOf("n2", "10.244.2.0/24", tag), peerOf("x3", "10.244.2.64/26")],
    tagged,
    ["others: 10.244.2.0/24 of n2 ~ 10.244.2.64/26 of x3"],
  ],
  [
    "a range around others' blocks",
    [n2, peerOf("n3", "10.244.3.0/24"), peerOf("x4", "10.244.2.0/23")],
    {},
    ["others: 10.244.2.0/24 of n2 ~ 10.244.2.0/23 of x4", "others: 10.244.3.0/24 of n3 ~ 10.244.2.0/23 of x4"],
  ],
  ["a block and a piece of it at one node", [peerOf("n2", "10.244.2.0/24 10.244.2.64/26")], {}, []],
  [
    "a piece in a piece, the widest one of another",
    [peerOf("n2", "10.244.16.0/20 10.244.17.0/24"), peerOf("n3", "10.244.17.0/22")],
    {},
    ["others: 10.244.16.0/22 of n3 ~ 10.244.16.0/20 of n2", "others: 10.244.17.0/24 of n2 ~ 10.244.16.0/22 of n3"],
  ],
  [
    "two routers to other networks in each other's way",
    [peerOf("home2", "192.168.0.0/16"), peerOf("home3", "192.168.1.0/24")],
    {},
    [],
  ],
  ["a router to other networks beside nodes", [n2, peerOf("home3", "192.168.1.0/24")], {}, []],
];

describe("buildMesh() finds conflicts with", () => {
  test.each(rows)("%s", (_name, peers, parts, conflicts) => {
    const found = buildMesh(inputOf(peers, parts)).conflicts.map(
      ({ kind, podCIDR, node, route, servedBy = "-" }) => `${kind}: ${podCIDR} of ${node} ~ ${route} of ${servedBy}`,
    );
    expect(found).toEqual(conflicts);
  });
});
