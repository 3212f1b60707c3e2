// Nodes that nothing assigns a PodCIDR, on a tailnet without a key for its control server on any of them: each comes to a block of its
// own, and one whose block another node serves when it comes back says so, and gives way once no pod holds it.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, conditionCodes, statusOf } from "../daemon/daemon.ts";
import { removePod } from "../daemon/pods.ts";
import { conflistPath, headcniDaemon } from "../harness/headcni.ts";
import { localApi } from "../harness/tailnet/tailscaled.ts";
import {
  allPairs,
  createUnassigned,
  joinCluster,
  patienceMs,
  podPairs,
  servers,
  subnetsOf,
  unassigned,
} from "./cluster.ts";
import { tailnets } from "./tailnets.ts";

describe.each(tailnets)("unassigned nodes on the $title tailnet", (kind) => {
  test("ten that start at once have ten PodCIDRs, and an owner that was away yields its own", async () => {
    await using cluster = await createUnassigned(kind, 10);
    const { members, tailnet } = cluster;
    for (const family of [0, 1]) expect(new Set(members.map(({ podCIDRs }) => podCIDRs[family])).size).toBe(10);
    // The families of a pair are blocks of the same number.
    for (const { podCIDRs } of members) expect(podCIDRs).toEqual([podCIDRs[0] ?? "", ipv6Beside(podCIDRs[0] ?? "")]);
    await allPairs(members);
    await podPairs(
      members.map(({ pod }) => pod),
      true,
    );
    const phases = async () => Promise.all(members.map(({ node }) => phaseOf(node)));
    await waitUntil(
      "every claim is proven",
      async () => (await phases()).every((phase) => phase === "won"),
      patienceMs,
    );
    // The lab answers ten daemons and as many commands by one thread.
    for (const { node } of members)
      await waitUntil("nothing is wrong", async () => (await conditionCodes(node)).length === 0, patienceMs);

    const [owner] = members;
    if (owner === undefined) throw new Error("No members");
    await owner.tailscaled.stop();
    const squatter = await joinCluster(tailnet, { name: "node-11", settings: { podCIDRs: [owner.podCIDR] } });
    await using _ = squatter.node;
    await bootDaemon(squatter.node);
    const served = async () =>
      (await localApi(members[1]?.node ?? owner.node, "/localapi/v0/status")).includes("node-11");
    await waitUntil("the other has joined", served, patienceMs);
    await waitUntil(
      "the owner's block has moved",
      async () => (await servers(members[1]?.node ?? owner.node, owner.podCIDR)).includes("node-11"),
      patienceMs,
    );

    await owner.tailscaled.start();
    const startedMs = performance.now();
    const says = async (node: typeof owner.node, code: string) => (await conditionCodes(node)).includes(code);
    await waitUntil("the owner says so", () => says(owner.node, "PodCIDRClaimContested"), patienceMs);
    console.log(
      `    an owner that was away said so after ${((performance.now() - startedMs) / 1000).toFixed(1)} s (${kind.title})`,
    );
    await waitUntil("so does the other", () => says(squatter.node, "AssignedPodCIDRContested"), patienceMs);
    const prefs = () => localApi(owner.node, "/localapi/v0/prefs");
    await waitUntil("the owner offers it no more", async () => !(await prefs()).includes(owner.podCIDR), patienceMs);
    expect(subnetsOf(owner.node)).toEqual(owner.podCIDRs);
    expect(await owner.pod.asks(owner.pod)).toBe(owner.pod.address);

    await removePod(owner.node, owner.pod.name);
    // The other node has its block of one family, and the pair moves.
    const moved = () => subnetsOf(owner.node);
    await waitUntil("it moves once no pod is left", () => moved()[0] !== owner.podCIDR, patienceMs);
    for (const podCIDR of moved()) expect(members.flatMap(({ podCIDRs }) => podCIDRs)).not.toContain(podCIDR);
    expect(moved()[1]).toBe(ipv6Beside(moved()[0] ?? ""));
    await waitUntil("no condition is left", async () => (await conditionCodes(owner.node)).length === 0, patienceMs);
  }, 420_000);

  test("--once writes no guess that is not claimed, and says why", async () => {
    await using tailnet = await kind.create();
    const { node } = await joinCluster(tailnet, { name: "node-1", settings: unassigned });
    await using _ = node;
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once"]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("PodCIDRAwaitsClaim");
    expect(node.exists(conflistPath)).toBe(false);
  }, 120_000);
});

/** `10.244.0.48/28` is the block of number 3. */
function ipv6Beside(ipv4: string): string {
  const number = Number(/\.(\d+)\/28$/.exec(ipv4)?.[1]) / 16;
  return number === 0 ? "fd00:244::/64" : `fd00:244:0:${number.toString(16)}::/64`;
}

async function phaseOf(node: Parameters<typeof statusOf>[0]): Promise<unknown> {
  return (await statusOf(node)).agents.claims?.status.phase;
}
