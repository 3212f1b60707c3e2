// `headcni doctor` and `headcni connectivity test` on nodes of a tailnet, as an operator runs them.

import { describe, expect, test } from "bun:test";
import type { ConnectivityDocument } from "../../src/doctor/connectivity/connectivity.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { headcni } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";
import { pageSaysTheSame } from "../page/same-as-commands.ts";
import { allPairs, createCluster } from "../tailnet/cluster.ts";
import { tailnets } from "../tailnet/tailnets.ts";
import { doctorOf, faultCodes } from "./doctor.ts";
import { playResponder } from "./responder-scenario.ts";

async function connectivity(node: Node, ...flags: readonly string[]): Promise<ConnectivityDocument> {
  const { stdout, stderr } = await node.run([headcni, "connectivity", "test", "-o", "json", ...flags], {
    timeoutMs: 60_000,
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Namespaces, leases and devices of pods. */
async function traces(node: Node): Promise<string> {
  const { stdout } = await node.run([
    "sh",
    "-c",
    "ip netns list; ls /var/lib/cni/networks/headcni; ip -br link show master headcni0",
  ]);
  return stdout
    .split("\n")
    .filter((line) => !line.startsWith("last_reserved") && line !== "lock")
    .join("\n");
}

describe.each(tailnets)("two nodes on the $title tailnet", (kind) => {
  test("a pod reaches the other node, the doctor finds nothing, and a fault is found by both", async () => {
    await using cluster = await createCluster(kind, { nodes: 2 });
    const [one, two] = cluster.members;
    if (one === undefined || two === undefined) throw new Error("No members");
    await allPairs(cluster.members);
    const before = await traces(one.node);

    const report = await connectivity(one.node);
    const [peer] = report.peers;
    expect(peer?.gateway).toBe("10.244.2.1");
    const outcomes = Object.entries(peer?.results ?? {}).map(
      ([what, { outcome, detail }]) => `${what} ${outcome === "failed" ? detail : outcome}`,
    );
    const source = (await one.node.run(["test", "-e", "/proc/net/nf_conntrack"])).exitCode === 0 ? "ok" : "not-checked";
    expect(outcomes).toEqual([
      "gateway ok",
      "tailnetAddress ok",
      `source ${source}`,
      "back not-checked",
      "mtu ok",
      "transfer not-checked",
      "latency ok",
      "throughput not-checked",
    ]);
    expect(report.passed).toBe(true);
    expect(report.peers.map(({ family, gateway }) => [family, gateway])).toEqual([
      ["ipv4", "10.244.2.1"],
      ["ipv6", "fd00:244:0:2::1"],
    ]);
    expect(report.notTested.join()).toContain("headcni connectivity serve");
    expect(await traces(one.node)).toBe(before);

    const others = await traces(two.node);
    await playResponder({ from: one, to: two, test: connectivity });
    expect(await traces(two.node)).toBe(others);
    expect(await traces(one.node)).toBe(before);

    const pinged = JSON.parse((await one.node.run([headcni, "ping", "10.244.2.9", "-o", "json"])).stdout);
    expect([pinged.node, pinged.pods.to, pinged.pings.length > 0]).toEqual(["node-2", "10.244.2.9", true]);

    await pageSaysTheSame(one.node);

    // Killed in the middle it cannot take its pod away: the next one does.
    const killed = await one.node.spawn([headcni, "connectivity", "test", "--perf"]);
    await waitUntil("the pod is there", async () => (await traces(one.node)).includes("headcni-test-"), 30_000);
    killed.kill("SIGKILL");
    await killed.exited;
    await connectivity(one.node);
    expect(await traces(one.node)).toBe(before);

    expect(
      faultCodes(await doctorOf(one.node)).filter(
        (code) => !["RuntimeUnknown", "FirewallBackendsMixed"].includes(code),
      ),
    ).toEqual([]);

    // The daemon is gone, and with it what it had put into the kernel.
    one.daemon.kill("SIGKILL");
    await one.daemon.exited;
    await one.node.must(["nft", "delete", "table", "inet", "headcni"]);
    await one.node.must(["ip", "rule", "del", "pref", "5200"]);
    const found = faultCodes(await doctorOf(one.node));
    expect(found).toContain("DaemonNotRunning");
    expect(found).toContain("SourcesNotKept");
    expect(found).toContain("RoutingRulesNotApplied");
    if (source === "ok") {
      const [masked] = (await connectivity(one.node)).peers;
      expect(masked?.results?.source.outcome).toBe("failed");
    }
  }, 300_000);
});
