// `headcni uninstall`: a node is afterwards as it was before, to the last file, rule and pref.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, configFile } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import { createNode, type Node } from "../harness/node.ts";
import { localApi } from "../harness/tailnet/tailscaled.ts";
import { allPairs, createCluster, patienceMs } from "./cluster.ts";
import { tailnets } from "./tailnets.ts";

/** What an installation may change: files with their content, kernel rules, devices, tailscaled's prefs. */
async function snapshot(node: Node): Promise<Record<string, unknown>> {
  const script = [
    "cd / && find etc/cni opt/cni var/lib/headcni var/lib/cni run/headcni -printf '%p %y %m %U %T@ %l\\n' 2>/dev/null | grep -v '^[^ ]* d' | sort",
    "find etc/cni -type f -exec cksum {} +",
    "ip -br link show | grep -v tailscale0",
    "ip rule; ip -6 rule",
    "nft list tables",
  ];
  const parts = await Promise.all(script.map(async (line) => (await node.run(["sh", "-c", line])).stdout));
  const { Config: _, ...prefs } = JSON.parse((await localApi(node, "/localapi/v0/prefs")) || "{}");
  // To tailscaled none is the same as an empty list.
  return { parts, prefs: { ...prefs, AdvertiseRoutes: prefs.AdvertiseRoutes ?? [] } };
}

describe.each(tailnets)("headcni uninstall on the $title tailnet", (kind) => {
  test("says what it would do, does it, and leaves the node as it was", async () => {
    await using tailnet = await kind.create();
    await using node = await createNode({ name: "node-1" });
    await tailnet.join(node);
    node.write("/etc/cni/net.d/05-other.conflist", '{"cniVersion":"0.4.0","name":"other","plugins":[{"type":"ptp"}]}');
    node.write("/etc/headcni/key", await tailnet.authKey());
    await node.must(["chmod", "600", "/etc/headcni/key"]);
    // Logged in before, as an operator would: what the login set is the operator's.
    node.write(
      configFile,
      `tailscale: { login: { server: "${tailnet.controlURL}", authKeyFile: /etc/headcni/key } }\n`,
    );
    const first = await bootDaemon(node, ["--node-name", "node-1"]);
    await waitUntil(
      "it is on the tailnet",
      async () => (await localApi(node, "/localapi/v0/status")).includes('"Running"'),
      patienceMs,
    );
    await first.stop();
    expect((await node.run([headcni, "uninstall"])).exitCode).toBe(0);
    const before = await snapshot(node);

    node.write(
      configFile,
      "network: { podCIDR: { nodeLocal: 10.244.1.0/24, base: 10.244.0.0/16 }, masquerade: daemon }\ncni: { type: headcni }\n",
    );
    const daemon = await bootDaemon(node);
    await waitUntil(
      "all is in place",
      async () => (await node.run(["nft", "list", "table", "inet", "headcni"])).stdout.includes("keepsource"),
      patienceMs,
    );
    await waitUntil(
      "its route is offered",
      async () => (await localApi(node, "/localapi/v0/prefs")).includes("10.244.1.0/24"),
      patienceMs,
    );
    expect(await snapshot(node)).not.toEqual(before);

    const refused = await node.run([headcni, "uninstall"]);
    expect(refused.exitCode).toBe(5);
    expect(refused.stderr).toContain("Cannot uninstall: headcni-daemon runs on this node");
    await daemon.stop();

    const inForce = await snapshot(node);
    const dry = await node.must([headcni, "uninstall", "--dry-run"]);
    expect(await snapshot(node)).toEqual(inForce);
    const done = await node.must([headcni, "uninstall"]);
    expect(done.split("\n").length).toBe(dry.split("\n").length);
    for (const part of [
      "tailscaled's prefs",
      "table inet headcni",
      "routing rules",
      "headcni0",
      "05-other.conflist",
      "/opt/cni/bin/headcni",
      "/var/lib/headcni",
    ]) {
      expect(done).toContain(part);
      expect(dry).toContain(part);
    }
    expect(await snapshot(node)).toEqual(before);
    expect(await node.must([headcni, "uninstall"])).toBe("There is nothing of HeadCNI on this node\n");

    const again = await bootDaemon(node);
    await waitUntil(
      "its route is offered",
      async () => (await localApi(node, "/localapi/v0/prefs")).includes("10.244.1.0/24"),
      patienceMs,
    );
    await again.stop();
    for (const seconds of ["0.02", "0.05", "0.1", "0.15", "0.2", "0.3"]) {
      await node.run(["timeout", "-s", "KILL", seconds, headcni, "uninstall"]);
    }
    await node.run([headcni, "uninstall"]);
    expect(await snapshot(node)).toEqual(before);
  }, 180_000);

  test("leaves what pods of the node still need", async () => {
    await using cluster = await createCluster(kind, { nodes: 2 });
    const [one] = cluster.members;
    if (one === undefined) throw new Error("No member");
    await allPairs(cluster.members);
    await one.daemon.stop();
    const { exitCode, stdout } = await one.node.run([headcni, "uninstall"]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain("Left alone: headcni0, on which 1 pod of this node hang");
    // Without one the pod could not be taken down.
    expect(stdout).toContain("10-headcni.conflist, by which 1 pod of this node is taken down");
    expect(one.node.exists("/etc/cni/net.d/10-headcni.conflist")).toBe(true);
    expect(stdout).toContain("Left alone: /var/lib/headcni, until the rest is gone");
    expect(await one.pod.asks(one.pod)).toBe(one.pod.address);
  }, 180_000);
});
