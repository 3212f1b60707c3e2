// Alerts that one daemon sets off, each by the fault itself; those of a tailnet are in test/mesh/lab.test.ts, those of a conflist that
// others fight for in test/daemon/drift.test.ts.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, conditionCodes, configFile, get, waitForOutput } from "../daemon/daemon.ts";
import { checkout, createNode, type Node, type NodeProcess } from "../harness/node.ts";
import { expectAlerts, scrape } from "./scraped.ts";

/** 13 addresses for pods, and rules of its own in the kernel. */
const config = "network: { podCIDR: { nodeLocal: 10.244.1.0/28, base: 10.244.0.0/16 }, masquerade: daemon }\n";

async function value(node: Node, sample: string): Promise<number> {
  const { body } = await get(node, "/metrics");
  const line = body.split("\n").find((each) => each.startsWith(`${sample} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

/** How many of its looks took longer than two and a half seconds. */
async function slowLooks(node: Node): Promise<number> {
  const name = "headcni_reconcile_duration_seconds";
  return (await value(node, `${name}_count`)) - (await value(node, `${name}_bucket{le="2.5"}`));
}

/** From source, which is another version than the build's. */
async function bootFromSource(node: Node): Promise<NodeProcess> {
  const daemon = await node.spawn([process.execPath, `${checkout}/src/main.ts`, "daemon"], {
    log: "/var/log/source.log",
  });
  await waitForOutput(daemon, "Status and metrics are served on");
  return daemon;
}

test("what is wrong with one node sets off its alert, and no other", async () => {
  await using node = await createNode({ name: "node-1", files: { [configFile]: config } });
  await using other = await createNode({ name: "node-2", files: { [configFile]: config.replace("4.1.0", "4.2.0") } });
  const { name } = node;
  let daemon = await bootDaemon(node);
  const otherDaemon = await bootFromSource(other);
  const well = await scrape(node);
  const versions = await scrape(node, other);
  await otherDaemon.stop();

  // Something flushes the firewall again and again.
  for (let round = 1; round <= 11; round++) {
    await node.must(["nft", "delete", "table", "inet", "headcni"]);
    await waitUntil(
      "the table is back",
      async () => (await node.run(["nft", "list", "table", "inet", "headcni"])).exitCode === 0,
      20_000,
    );
  }
  const flushed = await scrape(node);

  for (let at = 2; at <= 14; at++) node.write(`/var/lib/cni/networks/headcni/10.244.1.${at}`, `pod${at}\r\neth0`);
  daemon.kill("SIGHUP");
  await waitUntil(
    "the leases are counted",
    async () => (await value(node, "headcni_host_local_leases")) === 13,
    20_000,
  );
  const full = await scrape(node);
  await node.must(["sh", "-c", "rm /var/lib/cni/networks/headcni/10.244.1.*"]);

  // A disk that has no time: what a look asks of a plugin takes three seconds.
  await node.must(["sh", "-c", "mv /opt/cni/bin/host-local /opt/cni/host-local"]);
  node.write("/opt/cni/bin/host-local", '#!/bin/sh\nsleep 3\nexec /opt/cni/host-local "$@"\n');
  await node.must(["chmod", "755", "/opt/cni/bin/host-local"]);
  daemon.kill("SIGHUP");
  await waitUntil("a look was slow", async () => (await slowLooks(node)) > 0, 30_000);
  const slow = await scrape(node);
  await node.must(["mv", "/opt/cni/host-local", "/opt/cni/bin/host-local"]);

  // A network of the node gets an address of pods.
  await node.must(["sh", "-c", "ip link add eth1 type veth peer name far && ip address add 10.244.1.7/30 dev eth1"]);
  await waitUntil("it says so", async () => (await conditionCodes(node)).includes("PodCIDRClash"), 20_000);
  const clash = await scrape(node);
  await node.must(["ip", "link", "del", "eth1"]);

  await daemon.stop();
  const down = await scrape(node);
  const started = [];
  for (let round = 1; round <= 4; round++) {
    daemon = await bootDaemon(node);
    started.push(await scrape(node));
    await daemon.stop();
  }

  await expectAlerts([
    { scrape: well, fires: [] },
    { scrape: versions, minutes: 370, fires: [{ alertname: "HeadCNIVersionsDiffer" }] },
    { scrape: flushed, minutes: 30, fires: [{ alertname: "HeadCNIKernelRulesContested", node: name }] },
    { scrape: full, fires: [{ alertname: "HeadCNIPodAddressesRunOut", node: name }] },
    { scrape: slow, minutes: 30, fires: [{ alertname: "HeadCNIReconcileSlow", node: name }] },
    { scrape: clash, fires: [{ alertname: "HeadCNIPodsAffected", node: name, code: "PodCIDRClash" }] },
    { scrape: down, minutes: 12, fires: [{ alertname: "HeadCNIDaemonDown", node: name }] },
    ...started.map((one, at) => ({
      scrape: one,
      minutes: 10,
      fires: at < 3 ? [] : [{ alertname: "HeadCNIDaemonRestarts", node: name }],
    })),
  ]);
  expect(started.length).toBe(4);
}, 120_000);
