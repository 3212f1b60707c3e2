// `headcni connectivity test` with a pod on the other node that answers it: what only that one can tell.

import { expect } from "bun:test";
import type { ConnectivityDocument } from "../../src/doctor/connectivity/connectivity.ts";
import { waitForOutput } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import type { Node, NodeProcess } from "../harness/node.ts";
import type { Member } from "../tailnet/cluster.ts";

type Family = "ipv4" | "ipv6";

interface ResponderScenarioOptions {
  readonly from: Member;
  readonly to: Member;
  /** Runs the test there. */
  readonly test: (node: Node, ...flags: readonly string[]) => Promise<ConnectivityDocument>;
}

/** What only the responder tells, as `outcome: detail` with round trips and rates left out. */
function told({ peers }: ConnectivityDocument, family: Family): readonly string[] {
  const { results } = peers.find((peer) => peer.family === family) ?? {};
  if (results === null || results === undefined) return ["nothing"];
  return [results.source, results.back, results.transfer].map(({ outcome, detail }) => {
    return `${outcome}: ${detail.replace(/ \(.*/, "")}`;
  });
}

/** @param name of its log: another one's may say already what is waited for */
async function serve(node: Node, name: string): Promise<NodeProcess> {
  const serving = await node.spawn([headcni, "connectivity", "serve"], { log: `/var/log/${name}.log` });
  await waitForOutput(serving, "On the other nodes: headcni connectivity test");
  return serving;
}

/** Leaves both nodes as they were. */
export async function playResponder({ from, to, test }: ResponderScenarioOptions): Promise<void> {
  // One that is killed leaves its pod, whose address the next one needs.
  const killed = await serve(to.node, "serve-killed");
  killed.kill("SIGKILL");
  await killed.exited;
  const serving = await serve(to.node, "serve");

  const report = await test(from.node, "--perf");
  expect(report.notTested).toEqual([]);
  for (const family of ["ipv4", "ipv6"] as const) {
    const there = family === "ipv4" ? "10.244.2.254" : "fd00:244:0:2:ffff:ffff:ffff:ffff";
    expect(told(report, family)).toEqual([
      expect.stringMatching(/^ok: a pod of node-2 sees /),
      `ok: its pod reaches this one, as ${there}`,
      "ok: 2 MiB each way, unchanged",
    ]);
  }
  expect(report.peers[0]?.results?.throughput.detail).toEndWith("(TCP)");
  expect(serving.output()).toContain(`tested from ${report.podAddresses[0]}`);

  // Each of these is out of sight of the node that tests: its packets leave as they should, and small ones come back.
  await to.node.must(["nft", "-f", "-"], { stdin: hidden });
  const source = await test(from.node);
  expect(told(source, "ipv4")[0]).toMatch(/^failed: a pod of node-2 sees 10\.244\.2\.1, not 10\.244\.1\./);
  await to.node.must(["nft", "-f", "-"], { stdin: `delete table ip hidden\n${hole}` });
  const [, , transfer] = told(await test(from.node), "ipv4");
  expect(transfer).toBe("failed: 2 MiB by TCP do not come through on the way there: the stream stalls");
  await to.node.must(["nft", "delete", "table", "ip", "hole"]);

  await serving.stop();
}

const hidden = `table ip hidden { chain post { type nat hook postrouting priority srcnat - 5;
  ip saddr 10.244.1.0/24 ip daddr 10.244.2.254 masquerade; }\n}\n`;
const hole = `table ip hole { chain forward { type filter hook forward priority 0;
  ip daddr 10.244.2.254 meta length > 1000 drop; }\n}\n`;
