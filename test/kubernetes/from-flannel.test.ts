// docs/from-flannel.md followed on a cluster that runs on flannel, with the commands of the page, and back again.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { waitUntil } from "../../src/sys/testing.ts";
import { configFile, subnetOf } from "../daemon/daemon.ts";
import { conflistPath } from "../harness/headcni.ts";
import { clusterPrograms } from "../harness/kubernetes/programs.ts";
import { checkout, type Node } from "../harness/node.ts";
import { pageBlocks } from "../harness/page.ts";
import { localApi } from "../harness/tailnet/tailscaled.ts";
import { tailnets } from "../tailnet/tailnets.ts";
import {
  createKubernetesCluster,
  type KubernetesCluster,
  type KubernetesNode,
  patienceMs,
  podCIDROf,
  untilReadiness,
} from "./cluster.ts";
import { findFlannel, installFlannel } from "./flannel.ts";
import { createOperator, joinNodes, type Operator } from "./operator.ts";
import { wantedPrograms } from "./programs-found.ts";
import { allReach, asks, deploy, deployOnEachNode, type RunningPod, runningPods } from "./workloads.ts";

const path = "docs/from-flannel.md";
const page = readFileSync(`${checkout}/${path}`, "utf8");
const limitMs = 600_000;
const flannelConflist = "/etc/cni/net.d/10-flannel.conflist";
/** Of a Deployment, which a drain moves, and of a DaemonSet, which it does not. */
const apps = ["who", "each"] as const;

const flannel = findFlannel();
const kinds = tailnets.filter(({ name }) => name === "real").slice(-1);
const clusters = wantedPrograms(clusterPrograms).flatMap((programs) =>
  typeof flannel === "string" ? [] : kinds.map((kind) => ({ kind, programs, flannel })),
);
if (typeof flannel === "string") console.log(`    from flannel and back: not possible here (${flannel})`);
else if (kinds.length === 0) console.log("    from flannel and back: not possible here (no real tailnet)");

/** The command of the page that has this in it, for one node. */
function command(part: string, node = ""): string {
  const found = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text).find((text) => text.includes(part));
  if (found === undefined) throw new Error(`${path} has no command with ${part}`);
  return found.replaceAll("NODE", node);
}

/** As a shell of the node's operator, with the folder that has what was downloaded. */
function on(node: Node, shell: string): Promise<string> {
  return node.must(["bash", "-ec", `cd /srv/download\n${shell}`], { timeoutMs: 60_000 });
}

/** What docs/install.md says in this section, on a kubeadm node. */
async function install(node: Node, section: string): Promise<void> {
  const blocks = pageBlocks("docs/install.md").filter(
    ({ language, section: of, subsection }) => language === "sh" && of === section && /^(|kubeadm)$/.test(subsection),
  );
  expect(blocks).not.toEqual([]);
  for (const { text } of blocks) await on(node, text);
}

/** A folder for downloads, and what plays systemd and apt-get. The plugins, which flannel calls, are there already. */
async function prepare(node: Node): Promise<void> {
  const script = `
    mkdir -p /srv/cni /srv/download /etc/systemd/system/multi-user.target.wants
    mount --bind /usr/lib/cni /srv/cni
    mount --make-private /srv/cni
    mount -t tmpfs none /usr/lib/cni
    ln -s /srv/cni/* /usr/lib/cni/
    mount -t tmpfs none /usr/local
    mkdir /usr/local/bin /usr/local/sbin
    ln -s ${checkout}/dist/headcni /srv/download/headcni-linux-amd64
    ln -s ${checkout}/test/install/programs/systemctl ${checkout}/test/install/programs/apt-get /usr/local/sbin/`;
  await node.must(["sh", "-ec", script]);
}

function conflistOf(node: Node): Promise<string> {
  return node.must(["sh", "-ec", `stat -c '%a %u:%g %.9Y' ${flannelConflist}; cat ${flannelConflist}`]);
}

/** What flannel has in the kernel: devices, rules and chains of iptables. */
async function inKernelOf(node: Node): Promise<readonly string[]> {
  const shown = await node.must(["sh", "-ec", "ip -brief link; iptables-save; ip6tables-save"]);
  return shown.split("\n").filter((line) => /flannel|\bcni0\b/i.test(line));
}

describe.each(clusters)("from flannel and back, on a real cluster,", ({ kind, programs, flannel }) => {
  let cluster: KubernetesCluster;
  let operator: Operator;
  /** flannel's file as it was when its node was moved. */
  const conflists = new Map<string, string>();
  const allOfAllReach = async (): Promise<void> => {
    for (const app of apps) await allReach(cluster, app, 2);
  };
  beforeAll(async () => {
    cluster = await createKubernetesCluster(kind, programs, { isHostService: false });
    await joinNodes(cluster);
    operator = await createOperator(cluster, programs);
    for (const { node } of cluster.nodes) await prepare(node);
    await installFlannel(cluster, operator, flannel);
    await untilReadiness(cluster, "True");
    await deploy(cluster.plane, "who", 2);
    await deployOnEachNode(cluster.plane, "each");
    await allOfAllReach();
  }, limitMs);
  afterAll(() => cluster?.[Symbol.asyncDispose](), limitMs);

  /** The page's "Before": one configuration for all nodes, with the ranges that its commands show. */
  const configuration = async (): Promise<string> => {
    const table = await operator.must(command("kubectl get nodes"));
    const [, base = ""] = /"Network": "(\S+)"/.exec(await operator.must(command("get cm kube-flannel-cfg"))) ?? [];
    const ranges = [...table.matchAll(/^(w\d) +(\S+)$/gm)].map(([, name, range]) => `      ${name}: ${range}\n`);
    const [config] = pageBlocks(path).filter(({ language }) => language === "yaml");
    return (config?.text ?? "").replace("10.42.0.0/16", base).replace(/( {6}node-\d: \S+\n)+/, () => ranges.join(""));
  };

  /** Step 1, on the way there and on the way back. */
  const clear = async (name: string): Promise<void> => {
    const parts = ["kubectl drain NODE", "kubectl taint node NODE headcni=", "kubectl wait"];
    for (const part of parts) await operator.must(command(part, name));
  };

  const open = async (name: string): Promise<void> => {
    await operator.must(command("kubectl taint node NODE headcni-", name));
    await operator.must(command("kubectl uncordon NODE", name));
  };

  const move = async ({ name, node }: KubernetesNode, config: string): Promise<void> => {
    await clear(name);
    // flannel took every pod down that it made.
    expect(node.list("/var/lib/cni/networks/cbr0").toSorted()).toEqual(["last_reserved_ip.0", "lock"]);
    conflists.set(name, await conflistOf(node));
    await operator.must(command("kubectl label node NODE headcni=yes", name));
    if (name === "w1") await operator.must(command("patch ds kube-flannel-ds"));
    const flannels = `kubectl -n kube-flannel get pods --field-selector spec.nodeName=${name} -o name`;
    await waitUntil("flannel has left the node", async () => (await operator.must(flannels)) === "", patienceMs);
    const left = (await inKernelOf(node)).join("\n");
    for (const name of ["cni0", "flannel.1", "FLANNEL-FWD", "FLANNEL-POSTRTG"]) expect(left).toContain(name);
    for (const { text } of pageBlocks(path).filter(({ language }) => language === "sh")) await on(node, text);
    expect(await inKernelOf(node)).toEqual([]);
    await install(node, "1. The executable");
    await install(node, "2. The runtime");
    node.write(configFile, config);
    await install(node, "4. The service");
    expect(await on(node, command("headcni status --wait 30"))).not.toContain("ChainedPluginsLost");
    await open(name);
    expect(subnetOf(node)).toBe(await podCIDROf(cluster.plane, name));
    expect(node.list("/etc/cni/net.d")).toContain("10-flannel.conflist.headcni-aside");
  };

  const moveBack = async ({ name, node }: KubernetesNode): Promise<void> => {
    await clear(name);
    await on(node, command("systemctl disable --now headcni"));
    const uninstall = command("headcni uninstall");
    expect(await on(node, `${uninstall} ${command("--dry-run")}`)).toContain(`Would put back ${flannelConflist}`);
    await on(node, uninstall);
    expect(node.exists(conflistPath)).toBe(false);
    expect(await conflistOf(node)).toBe(conflists.get(name) ?? "");
    const kernel = await node.must(["sh", "-ec", "ip -brief link; ip rule; nft list tables; iptables-save"]);
    expect(kernel).not.toMatch(/headcni|^52(00|80|81):/m);
    const prefs = JSON.parse(await localApi(node, "/localapi/v0/prefs"));
    expect([prefs.AdvertiseRoutes, prefs.RouteAll]).toEqual([[], false]);
    await operator.must(command("kubectl label node NODE headcni-", name));
    await open(name);
    await waitUntil("flannel is back", async () => (await inKernelOf(node)).join().includes("flannel.1"), patienceMs);
  };

  /** Pods of HeadCNI and of flannel. */
  const reachEachOtherNot = async (pods: readonly RunningPod[]): Promise<void> => {
    const pairs = pods.flatMap((from) => pods.filter((to) => to !== from).map((to) => ({ from, to })));
    expect(pairs).toHaveLength(2);
    for (const { from, to } of pairs) expect(await asks(cluster, from, to.address)).toBe("");
  };

  test(
    "there",
    async () => {
      const [one, two] = cluster.nodes;
      const config = await configuration();
      await move(one, config);
      await reachEachOtherNot(await runningPods(cluster.plane, "each", 2));
      await move(two, config);
      await untilReadiness(cluster, "True");
      await allOfAllReach();
      await waitUntil(
        "both nodes are live",
        async () => /^w2 .*\blive\b/m.test(await on(one.node, command("headcni mesh"))),
        patienceMs,
      );
    },
    limitMs,
  );

  test(
    "and back",
    async () => {
      for (const worker of cluster.nodes) await moveBack(worker);
      await untilReadiness(cluster, "True");
      await allOfAllReach();
    },
    limitMs,
  );
});
