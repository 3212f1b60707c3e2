import { describe, expect, test } from "bun:test";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { HeadscaleNode } from "../headscale-node.ts";
import { type ApprovalRules, planApprovals } from "./approval-rules.ts";
import { refusalSentence } from "./refusal-words.ts";
import { staleApprovals } from "./stale-approvals.ts";

const rules: ApprovalRules = {
  clusterCIDRs: parsePodCIDRs("10.244.0.0/16,fd00:10:244::/48"),
  blockBits: { ipv4: 24, ipv6: 64 },
  nodeTags: ["tag:k8s-node", "tag:k8s-server"],
};

function nodeOf(id: string, available: string, parts: Partial<HeadscaleNode> = {}): HeadscaleNode {
  const routes = available === "" ? [] : available.split(" ");
  return {
    id,
    name: `node-${id}`,
    addresses: [],
    tags: ["tag:k8s-node"],
    isOnline: true,
    lastSeenMs: undefined,
    available: routes,
    approved: [],
    serving: [],
    ...parts,
  };
}

/** `2: 10.244.2.0/24` for an approval, `2 held 10.244.1.0/24` for a refusal. */
function planned(...nodes: readonly HeadscaleNode[]): readonly string[] {
  const { approvals, refusals } = planApprovals(nodes, rules);
  return [
    ...approvals.map(({ node, routes }) => `${node.id}: ${routes.join(" ")}`),
    ...refusals.map(({ node, route, reason, holder }) => [node.id, reason, route, holder?.id].join(" ").trim()),
  ];
}

describe("what is approved", () => {
  test.each([
    ["a block", [nodeOf("1", "10.244.1.0/24")], ["1: 10.244.1.0/24"]],
    ["both families", [nodeOf("1", "10.244.1.0/24 fd00:10:244:1::/64")], ["1: 10.244.1.0/24 fd00:10:244:1::/64"]],
    [
      "beside a LAN and an exit node's routes",
      [nodeOf("1", "192.168.1.0/24 0.0.0.0/0 ::/0 10.244.1.0/24")],
      ["1: 10.244.1.0/24"],
    ],
    ["by any of the tags", [nodeOf("1", "10.244.1.0/24", { tags: ["tag:x", "tag:k8s-server"] })], ["1: 10.244.1.0/24"]],
    ["nothing twice", [nodeOf("1", "10.244.1.0/24", { approved: ["10.244.1.0/24"] })], []],
    [
      "of two that want one, the lower number's",
      [nodeOf("10", "10.244.1.0/24"), nodeOf("9", "10.244.1.0/24")],
      ["9: 10.244.1.0/24", "10 held 10.244.1.0/24 9"],
    ],
    ["for one that moved", [nodeOf("1", "10.244.2.0/24", { approved: ["10.244.1.0/24"] })], ["1: 10.244.2.0/24"]],
    ["nothing without a tag", [nodeOf("1", "10.244.1.0/24", { tags: [] })], ["1 no-tag 10.244.1.0/24"]],
    [
      "no other length",
      [nodeOf("1", "10.244.0.0/16 10.244.2.0/23 10.244.1.5/32")],
      ["1 no-block 10.244.0.0/16", "1 no-block 10.244.2.0/23", "1 no-block 10.244.1.5/32"],
    ],
    ["nothing with host bits", [nodeOf("1", "10.244.1.7/24")], ["1 no-block 10.244.1.7/24"]],
    [
      "no second block",
      [nodeOf("1", "10.244.1.0/24 10.244.2.0/24")],
      ["1: 10.244.1.0/24", "1 second-block 10.244.2.0/24"],
    ],
    [
      "nothing that another has, online or not",
      [nodeOf("1", "10.244.1.0/24"), nodeOf("2", "", { isOnline: false, approved: ["10.244.1.0/24"] })],
      ["1 held 10.244.1.0/24 2"],
    ],
    [
      "for one that came back as another node, and not for its former self",
      [nodeOf("1", "10.244.1.0/24", { isOnline: false }), nodeOf("2", "10.244.1.0/24")],
      ["2: 10.244.1.0/24"],
    ],
    ["nothing for one that is offline", [nodeOf("1", "10.244.1.0/24", { isOnline: false })], []],
    [
      "nothing of what one that is offline has",
      [nodeOf("1", "10.244.1.0/24", { isOnline: false, approved: ["10.244.1.0/24"] }), nodeOf("2", "10.244.1.0/24")],
      ["2 held 10.244.1.0/24 1"],
    ],
    [
      "nothing of a range that an operator gave another as one",
      [nodeOf("1", "10.244.3.0/24"), nodeOf("2", "10.244.2.0/23", { tags: [], approved: ["10.244.2.0/23"] })],
      ["1 held 10.244.3.0/24 2"],
    ],
    [
      "beside a router to the whole cluster",
      [nodeOf("1", "10.244.1.0/24"), nodeOf("2", "", { approved: ["10.244.0.0/16", "0.0.0.0/0"] })],
      ["1: 10.244.1.0/24"],
    ],
    ["nothing of another cluster", [nodeOf("1", "10.99.1.0/24")], ["1 outside 10.99.1.0/24"]],
    ["no word on a LAN beside a block", [nodeOf("1", "10.99.1.0/24 10.244.1.0/24")], ["1: 10.244.1.0/24"]],
    ["no word on others' routes", [nodeOf("1", "10.99.1.0/24", { tags: ["tag:router"] })], []],
    ["nothing that is no route", [nodeOf("1", "banana")], []],
  ])("%s", (_name, nodes, expected) => expect(planned(...nodes)).toEqual(expected));
});

test("a node that approves its own is there, whether Headscale shows it online yet or not", () => {
  const { approvals } = planApprovals(
    [nodeOf("1", "10.244.1.0/24", { isOnline: false })],
    { ...rules, nodeTags: undefined },
    ({ id }) => id === "1",
  );
  expect(approvals.map(({ routes }) => routes.join(" "))).toEqual(["10.244.1.0/24"]);
});

test("what others could have and were not given keeps nothing from the node that is meant", () => {
  const nodes = [nodeOf("1", "10.244.1.0/24", { name: "old-worker" }), nodeOf("2", "10.244.1.0/24")];
  const { approvals, refusals } = planApprovals(nodes, { ...rules, nodeTags: undefined }, ({ id }) => id === "2");
  expect([approvals.map(({ node, routes }) => [node.id, routes.join(" ")]), refusals]).toEqual([
    [["2", "10.244.1.0/24"]],
    [],
  ]);
});

test("each refusal says the node, the route, why, and what to do", () => {
  const { refusals } = planApprovals(
    [nodeOf("1", "", { approved: ["10.244.1.0/24"] }), nodeOf("2", "10.244.1.0/24")],
    rules,
  );
  expect(refusals.map((refusal) => refusalSentence(refusal, rules))).toEqual([
    "node-2 (2) offers 10.244.1.0/24: node-1 (1) has it; where that node is gone, take it back: headcni headscale withdraw 1",
  ]);
});

describe("what is stale", () => {
  const nowMs = Date.UTC(2026, 5, 1);
  const approved = ["10.244.1.0/24", "192.168.1.0/24"];
  const stale = (node: HeadscaleNode) =>
    staleApprovals([node], rules, { nowMs, afterMs: 86_400_000 }).map(({ route, why }) => `${route} ${why}`);
  test.each([
    ["of a node that serves it", nodeOf("1", "10.244.1.0/24", { approved }), []],
    [
      "of one that was away for a day",
      nodeOf("1", "", { approved, isOnline: false, lastSeenMs: nowMs - 86_400_000 }),
      ["10.244.1.0/24 offline"],
    ],
    [
      "of one that is away since just now",
      nodeOf("1", "", { approved, isOnline: false, lastSeenMs: nowMs - 1000 }),
      [],
    ],
    ["of one that was never seen", nodeOf("1", "", { approved, isOnline: false }), []],
    ["of one that offers another", nodeOf("1", "10.244.2.0/24", { approved }), ["10.244.1.0/24 not-offered"]],
  ])("%s", (_name, node, expected) => expect(stale(node)).toEqual(expected));
});
