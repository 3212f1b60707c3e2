// All of a node that HeadCNI could leave changed: its disk, its kernel, its tailscaled. What the cluster's own programs keep there is none of it.

import { waitUntil } from "../../src/sys/testing.ts";
import type { Node } from "../harness/node.ts";
import { localApi } from "../harness/tailnet/tailscaled.ts";
import { treeOf } from "../install/tree.ts";

/** Lines by what they are of. */
export type NodeState = ReadonlyMap<string, readonly string[]>;

const ofOthers = ["/var/lib/kubelet", "/var/lib/etcd", "/var/lib/tailscale", "/etc/kubernetes/pki"];
/** Programs that a test has put there. */
const programs = ["/usr/local", "/opt/kubernetes", "/opt/tailnet", "/opt/flannel", "/var/lib/kernel-settings"];

const kernelCommands: Readonly<Record<string, string>> = {
  devices: "ip -oneline link",
  addresses: "ip -oneline address",
  rules: "ip rule; ip -6 rule",
  routes: "ip route show table all; ip -6 route show table all",
  nftables: "nft list ruleset",
  iptables: "iptables-save; ip6tables-save",
  sysctls: "sysctl -a --pattern '^net[.]'",
};

/** What a program of the cluster or the kernel changes by itself: counters, lifetimes, devices of pods with their numbers. */
const volatile: readonly RegExp[] = [
  /veth/,
  /^#/,
  /nf_conntrack_(count|buckets)|route\.flush/,
  // Made for Services and their endpoints, by kube-proxy, and taken away when it comes to that.
  /KUBE-(SVC|SEP|EXT|FW|SVL)-/,
];
const counters =
  / (expires \d+sec|valid_lft \w+|preferred_lft \w+)|counter packets \d+ bytes \d+ ?|\[\d+:\d+\]|@if\d+|^\d+: (?=\S+: <)|^\d+: (?=\S+ +inet)/g;

export async function stateOf(node: Node): Promise<NodeState> {
  // The kernel asks for a second whether an address is another's. One of a device that is down stays so.
  const isSettled = async (): Promise<boolean> =>
    !(await node.must(["ip", "-oneline", "address"])).includes(" tentative");
  await waitUntil("no address is tentative", isSettled, 5000).catch(() => undefined);
  const tree = await treeOf(node, { more: [...ofOthers, ...programs] });
  const state = new Map<string, readonly string[]>([["files", [...tree].map(([path, what]) => `${path} ${what}`)]]);
  for (const [name, command] of Object.entries(kernelCommands)) {
    const lines = (await node.must(["sh", "-ec", command])).split("\n");
    const plain = lines.map((line) => line.replace(counters, "").trim());
    state.set(
      name,
      plain.filter((line) => line !== "" && !volatile.some((pattern) => pattern.test(line))),
    );
  }
  const prefs = await localApi(node, "/localapi/v0/prefs");
  state.set("tailscaled's prefs", prefs === "" ? [] : JSON.stringify(JSON.parse(prefs), undefined, 1).split("\n"));
  return state;
}

/** Waits a little for what the kernel and kube-proxy take down late; gives a sentence for each difference that stays. */
export async function changesSince(before: NodeState, node: Node): Promise<readonly string[]> {
  let changes: readonly string[] = [];
  const isSame = async (): Promise<boolean> => {
    changes = differences(before, await stateOf(node));
    return changes.length === 0;
  };
  // Past the deadline the differences say it all.
  await waitUntil("the node is as it was", isSame, 20_000).catch(() => undefined);
  return changes;
}

function differences(before: NodeState, after: NodeState): string[] {
  return [...before].flatMap(([name, old]) => {
    const now = after.get(name) ?? [];
    return [
      ...now.filter((line) => !old.includes(line)).map((line) => `${name}: there is now "${line}"`),
      ...old.filter((line) => !now.includes(line)).map((line) => `${name}: there is no longer "${line}"`),
    ];
  });
}
